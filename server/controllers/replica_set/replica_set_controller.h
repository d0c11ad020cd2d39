#pragma once

#include "api/client/controller.h"
#include "server/controllers/context.h"
#include "server/controllers/owned_pods.h"
#include "server/controllers/replica_set/plan.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::controllers {

// What differs between the kinds that keep a number of equal pods.
struct ReplicaKind {
  const api::ResourceType& type;
  std::string_view name;       // of the work queue
  std::string_view component;  // of the controller, in events
  std::optional<api::LabelSelector> (*selector)(const Json& object);
};
inline constexpr ReplicaKind kReplicaSetKind{api::kReplicaSets, "replicaset", "replicaset-controller",
                                             label_selector_of};
inline constexpr ReplicaKind kReplicationControllerKind{api::kReplicationControllers, "replicationmanager",
                                                        "replication-controller", label_map_selector_of};

// Keeps as many pods as each ReplicaSet (or, made for the other kind, ReplicationController) wants (keys: its
// namespace/name).
//
// Operation: sync() claims the pods that match, makes or removes the difference and writes the status. It goes by the
// numbers that ReplicaTallies keeps, and does not look at the pods themselves.
// Concurrency: see Context. It will not: place pods on nodes, or wait until removed ones are gone.
class ReplicaSetController {
 public:
  static constexpr std::size_t kWorkers = 8;

  ReplicaSetController(const Context& context, const ReplicaKind& kind);

  void start();
  Task<void> stop();

 private:
  using Failure = std::optional<PodFailure>;

  void enqueue_soon(const Json& replica_set);
  Task<api::Result<void>> sync(std::string key);
  // Adopts and releases pods where there is something to do; then, and otherwise from the tally, how many there are.
  Task<api::Result<ReplicaCounts>> count(api::ObjectPtr replica_set, api::LabelSelector selector);
  Task<Failure> manage_replicas(std::string key, api::ObjectPtr replica_set, std::size_t active);
  Task<api::Result<void>> write_status(std::string key, api::ObjectPtr replica_set, ReplicaCounts counts,
                                       Failure failure);
  [[nodiscard]] std::vector<api::ObjectPtr> choose_for_removal(const Json& replica_set, std::size_t count);
  // On each node, of all sets with the same owner.
  [[nodiscard]] Neighbours neighbours(const Json& replica_set);

  const ReplicaKind kind_;
  api::Client& client_;
  const Clock& clock_;
  api::Informer& replica_sets_;
  api::Controller controller_;
  OwnedPods pods_;
  ReplicaTallies tallies_;
};

}  // namespace skiff::controllers
