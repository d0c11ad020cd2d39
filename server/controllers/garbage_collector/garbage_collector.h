#pragma once

#include "api/client/controller.h"
#include "server/controllers/context.h"
#include "server/controllers/garbage_collector/owner_graph.h"

#include <string>
#include <unordered_set>
#include <vector>

namespace skiff::controllers {

// Deletes what no longer has an owner, and carries out the deletions "foreground" and "orphan" (keys: uids).
//
// Operation: informers (of metadata only) feed an OwnerGraph, which says what to look at. collect() deletes an object
// when all of its owners are gone, or removes the gone ones from its ownerReferences; an owner that is deleted in the
// foreground goes when its blocking dependents are gone. orphan() removes an owner from its dependents and then lets it
// go. All writes hold only for the version of the object that was looked at. Concurrency: see Context. It will not:
// collect objects that name an owner of a kind that it does not follow.
class GarbageCollector {
 public:
  static constexpr std::size_t kWorkers = 32;
  static constexpr std::size_t kMaxAbsentOwners = 1000;

  // `types`: all kinds that can own or be owned. Made after the other controllers, so that it shares their informers.
  GarbageCollector(const Context& context, const std::vector<api::ResourceType>& types);

  void start();
  Task<void> stop();

 private:
  // What is left of an object's owners.
  struct Owners {
    std::size_t solid = 0;
    std::set<std::string> dangling;  // uids
    std::set<std::string> waiting;   // being deleted in the foreground
  };

  void enqueue(const OwnerGraph::Work& work);
  Task<api::Result<void>> collect(std::string uid);
  Task<api::Result<void>> collect_virtual(OwnerGraph::Node node);
  Task<api::Result<void>> finish_foreground(OwnerGraph::Node node);
  Task<api::Result<void>> collect_dependent(OwnerGraph::Node node);
  Task<api::Result<Owners>> classify_owners(OwnerGraph::Node node);
  Task<api::Result<bool>> is_absent(OwnerGraph::Node node, Json owner);
  Task<api::Result<void>> orphan(std::string uid);

  Task<api::Result<void>> remove_owners(OwnerGraph::Node node, std::set<std::string> owner_uids);
  Task<api::Result<void>> unblock_owners(OwnerGraph::Node node);
  Task<api::Result<void>> patch_owners(OwnerGraph::Node node, Json owners);
  Task<api::Result<void>> remove_finalizer(OwnerGraph::Node node, std::string finalizer);
  Task<api::Result<void>> remove_object(OwnerGraph::Node node, std::string propagation_policy);

  api::Client& client_;
  OwnerGraph graph_;
  // Owners that were asked for and are not there, by place and uid. Uids never come back.
  std::unordered_set<std::string> absent_owners_;
  api::Controller collector_;
  api::Controller orphaner_;
};

}  // namespace skiff::controllers
