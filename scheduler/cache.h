#pragma once

#include "scheduler/node_info.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace skiff::scheduler {

// Nodes with their pods, changed by one pod or node at a time. A pod that was just placed is assumed to run there until
// the informer shows it bound, so that the next pod does not get the same room. Not thread-safe.
class Cache {
 public:
  // The answer is what changed for pods that wait.
  ClusterEvents set_node(const api::ObjectPtr& node);
  void remove_node(const std::string& name);

  // A pod with a node, as the informer shows it; ends its assumption. Repeated calls change nothing: what a pod asks
  // for does not change once it is bound.
  void add_pod(const PodInfoPtr& pod);
  // The pod is gone or has finished. False when it was not known.
  bool remove_pod(const std::string& uid);
  [[nodiscard]] bool knows_pod(const std::string& uid) const { return pods_.contains(uid); }

  // Counts the pod on the node from now on.
  void assume(const PodInfoPtr& pod, const std::string& node);
  // The binding failed; does nothing when the pod is no longer just assumed.
  void forget(const std::string& uid);

  // Those that have a Node object, in no particular order.
  [[nodiscard]] const std::vector<const NodeInfo*>& nodes() const { return nodes_; }

 private:
  struct Placed {
    PodInfoPtr pod;
    std::string node;
    bool assumed = false;
  };

  NodeInfo& info(const std::string& name);
  void place(const PodInfoPtr& pod, const std::string& node, bool assumed);
  void drop_if_empty(const std::string& name);

  std::unordered_map<std::string, std::unique_ptr<NodeInfo>> infos_;
  std::unordered_map<std::string, Placed> pods_;  // by uid
  std::vector<const NodeInfo*> nodes_;
};

}  // namespace skiff::scheduler
