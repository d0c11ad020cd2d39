#include "scheduler/cache.h"

#include "api/base/check.h"
#include "api/views/meta.h"

#include <utility>

namespace skiff::scheduler {

ClusterEvents Cache::set_node(const api::ObjectPtr& object) {
  Node& node = node_of(api::name_of(*object));
  if (!node.info.exists()) {
    node.index = nodes_.size();
    nodes_.push_back(&node.info);
  }
  const ClusterEvents events = node.info.set_object(object);
  if (events != 0) changed(node);
  return events;
}

void Cache::remove_node(const std::string& name) {
  const auto known = by_name_.find(name);
  if (known == by_name_.end() || !known->second->info.exists()) return;
  Node& node = *known->second;
  // The last one takes its place.
  nodes_[node.index] = nodes_.back();
  by_name_.at(nodes_.back()->name())->index = node.index;
  nodes_.pop_back();
  node.info.set_object(nullptr);
  log_.add({&node.info, true}, nodes_.size());
  drop_if_empty(node);
}

void Cache::add_pod(const PodInfo& pod) {
  if (confirm_pod(pod.uid, pod.node_name)) return;
  // It may be that somebody else bound it, and elsewhere than we wanted to.
  remove_pod(pod.uid);
  place(pod, pod.node_name, false);
}

void Cache::update_pod(const PodInfo& pod) {
  remove_pod(pod.uid);
  place(pod, pod.node_name, false);
}

bool Cache::confirm_pod(const std::string& uid, const std::string& node) {
  const auto known = pods_.find(uid);
  if (known == pods_.end() || known->second.node->info.name() != node) return false;
  known->second.assumed = false;
  return true;
}

bool Cache::remove_pod(const std::string& uid) {
  const auto known = pods_.find(uid);
  if (known == pods_.end()) return false;
  Node& node = *known->second.node;
  node.info.remove_pod(known->second.use);
  traits_.remove_pod(*known->second.use.traits);
  pods_.erase(known);
  changed(node);
  drop_if_empty(node);
  return true;
}

void Cache::assume(const PodInfo& pod, const std::string& node) {
  CHECK_INVARIANT(!pods_.contains(pod.uid));
  place(pod, node, true);
}

void Cache::forget(const std::string& uid) {
  const auto known = pods_.find(uid);
  if (known != pods_.end() && known->second.assumed) remove_pod(uid);
}

const NodeInfo* Cache::find_node(const std::string& name) const {
  const auto known = by_name_.find(name);
  return known != by_name_.end() && known->second->info.exists() ? &known->second->info : nullptr;
}

Cache::Node& Cache::node_of(const std::string& name) {
  std::unique_ptr<Node>& node = by_name_[name];
  if (!node) node = std::make_unique<Node>(name);
  return *node;
}

void Cache::place(const PodInfo& pod, const std::string& node_name, bool assumed) {
  Node& node = node_of(node_name);
  PodUse use = pod;
  use.traits = traits_.add_pod(pod.traits);
  node.info.add_pod(use);
  pods_.emplace(pod.uid, Placed{std::move(use), &node, assumed});
  changed(node);
}

void Cache::changed(const Node& node) {
  if (node.info.exists()) log_.add({&node.info, false}, nodes_.size());
}

// A node without a Node object is kept only for the pods that say they run there.
void Cache::drop_if_empty(const Node& node) {
  if (node.info.exists() || node.info.pod_count() > 0) return;
  const std::string name = node.info.name();
  by_name_.erase(name);
}

}  // namespace skiff::scheduler
