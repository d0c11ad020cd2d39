#pragma once

#include "scheduler/namespaces.h"
#include "scheduler/node_info.h"
#include "scheduler/node_log.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace skiff::scheduler {

// Nodes with their pods, changed by one pod or node at a time. A pod that was just placed is assumed to run there until
// the informer shows it bound, so that the next pod does not get the same room. Of a pod it keeps only what it takes
// up. Not thread-safe.
class Cache {
 public:
  // The answer is what changed for pods that wait.
  ClusterEvents set_node(const api::ObjectPtr& node);
  void remove_node(const std::string& name);

  // A pod with a node, as the informer shows it; ends its assumption. Repeated calls change nothing: what a pod asks
  // for does not change once it is bound.
  void add_pod(const PodInfo& pod);
  // Its traits have changed, or its deletion has begun.
  void update_pod(const PodInfo& pod);
  // The same for a pod that is known to be on that node, without parsing it; false when it is not.
  bool confirm_pod(const std::string& uid, const std::string& node);
  // The pod is gone or has finished. False when it was not known.
  bool remove_pod(const std::string& uid);
  [[nodiscard]] bool knows_pod(const std::string& uid) const { return pods_.contains(uid); }

  // Counts the pod on the node from now on.
  void assume(const PodInfo& pod, const std::string& node);
  // The binding failed; does nothing when the pod is no longer just assumed.
  void forget(const std::string& uid);

  // Those that have a Node object, in no particular order.
  [[nodiscard]] const std::vector<const NodeInfo*>& nodes() const { return nodes_; }
  // The one of that name; null when there is no Node object.
  [[nodiscard]] const NodeInfo* find_node(const std::string& name) const;
  // What changed on them, and who came and went.
  [[nodiscard]] const NodeLog& log() const { return log_; }
  // Of all pods on nodes.
  [[nodiscard]] const TraitsPool& traits() const { return traits_; }
  [[nodiscard]] const Namespaces& namespaces() const { return namespaces_; }
  [[nodiscard]] Namespaces& namespaces() { return namespaces_; }

 private:
  struct Node {
    NodeInfo info;
    std::size_t index = 0;  // in nodes_, if it exists

    explicit Node(const std::string& name) : info(name) {}
  };
  struct Placed {
    PodUse use;
    Node* node = nullptr;  // stays as long as it has pods
    bool assumed = false;
  };

  Node& node_of(const std::string& name);
  void place(const PodInfo& pod, const std::string& node, bool assumed);
  void changed(const Node& node);
  void drop_if_empty(const Node& node);

  std::unordered_map<std::string, std::unique_ptr<Node>> by_name_;
  std::unordered_map<std::string, Placed> pods_;  // by uid
  std::vector<const NodeInfo*> nodes_;
  TraitsPool traits_;
  Namespaces namespaces_;
  NodeLog log_;
};

}  // namespace skiff::scheduler
