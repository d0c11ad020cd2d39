#pragma once

#include "api/client.h"
#include "api/client/controller.h"

#include <chrono>
#include <map>
#include <string>

namespace skiff::nodeagent {

// Keeps a mirror in the API of each static pod of a node, so that others see the pod and how it is.
//
// Operation: whatever is heard of a pod or of its mirror only enqueues the name; sync() then makes the mirror, gives it
// the pod's status, or replaces one that is being deleted or was made from another manifest. A mirror without a pod is
// removed. What the API refuses, or does not answer, is tried again.
// Concurrency: everything on the executor given, which has one thread.
// It will not: touch the pods themselves, whatever becomes of their mirrors.
class MirrorPods {
 public:
  // `client` must outlive it.
  MirrorPods(asio::any_io_executor executor, api::Client& client, std::string node_name);

  // A static pod as it is now: with its status.
  void pod_changed(const api::ObjectPtr& pod);
  // Nothing of the pod of that name is left.
  void pod_ended(const api::NamespacedName& name);

  // The mirrors of this node, as the watch of the API tells.
  void mirror_changed(const api::ObjectPtr& mirror);
  void mirror_deleted(const api::ObjectPtr& last);

  // All static pods of the node are known from now on: mirrors of others are left over.
  void set_complete();

  Task<void> stop();

 private:
  struct Entry {
    api::ObjectPtr pod;                               // null: there is none
    api::ObjectPtr mirror;                            // as it was last heard of; null: there is none
    bool ended = false;                               // there was a pod
    unsigned failures = 0;                            // in a row
    std::string problem;                              // of the last one
    std::chrono::steady_clock::time_point create_at;  // no new mirror before

    [[nodiscard]] bool has_wrong_mirror(bool complete) const;
  };

  Task<api::Result<void>> sync(std::string key);
  Task<api::Result<void>> sync_entry(std::string key);
  Task<api::Result<void>> remove_mirror(std::string key, api::ObjectPtr mirror);
  Task<api::Result<void>> create_mirror(std::string key, api::ObjectPtr pod);
  Task<api::Result<void>> take_what_exists(std::string key, api::ObjectPtr pod, api::Status conflict);
  Task<api::Result<void>> write_status(std::string key, api::ObjectPtr pod, api::ObjectPtr mirror);
  void set_mirror(const std::string& key, api::ObjectPtr mirror);
  void forget_mirror(const std::string& key, const std::string& uid);
  void try_again(const std::string& key, Entry& entry, const api::Status& error);

  api::Client& client_;
  const std::string node_name_;
  std::map<std::string, Entry> entries_;  // by "namespace/name"
  bool complete_ = false;
  api::Controller controller_;
};

}  // namespace skiff::nodeagent
