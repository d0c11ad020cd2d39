#include "scheduler/cache.h"

#include "api/base/check.h"
#include "api/views/meta.h"

#include <algorithm>
#include <utility>

namespace skiff::scheduler {

ClusterEvents Cache::set_node(const api::ObjectPtr& node) {
  NodeInfo& own = info(api::name_of(*node));
  if (!own.exists()) nodes_.push_back(&own);
  return own.set_object(node);
}

void Cache::remove_node(const std::string& name) {
  NodeInfo& own = info(name);
  std::erase(nodes_, &own);
  own.set_object(nullptr);
  drop_if_empty(name);
}

void Cache::add_pod(const PodInfoPtr& pod) {
  const auto known = pods_.find(pod->uid);
  if (known == pods_.end()) return place(pod, pod->node_name, false);
  known->second.assumed = false;
  if (known->second.node == pod->node_name) return;
  // Somebody else bound it, and elsewhere than we wanted to.
  remove_pod(pod->uid);
  place(pod, pod->node_name, false);
}

bool Cache::remove_pod(const std::string& uid) {
  const auto known = pods_.find(uid);
  if (known == pods_.end()) return false;
  const Placed placed = std::move(known->second);
  pods_.erase(known);
  info(placed.node).remove_pod(placed.pod);
  drop_if_empty(placed.node);
  return true;
}

void Cache::assume(const PodInfoPtr& pod, const std::string& node) {
  CHECK_INVARIANT(!pods_.contains(pod->uid));
  place(pod, node, true);
}

void Cache::forget(const std::string& uid) {
  const auto known = pods_.find(uid);
  if (known != pods_.end() && known->second.assumed) remove_pod(uid);
}

NodeInfo& Cache::info(const std::string& name) {
  std::unique_ptr<NodeInfo>& own = infos_[name];
  if (!own) own = std::make_unique<NodeInfo>(name);
  return *own;
}

void Cache::place(const PodInfoPtr& pod, const std::string& node, bool assumed) {
  info(node).add_pod(pod);
  pods_.emplace(pod->uid, Placed{pod, node, assumed});
}

// A node without a Node object is kept only for the pods that say they run there.
void Cache::drop_if_empty(const std::string& name) {
  const auto own = infos_.find(name);
  if (!own->second->exists() && own->second->pod_count() == 0) infos_.erase(own);
}

}  // namespace skiff::scheduler
