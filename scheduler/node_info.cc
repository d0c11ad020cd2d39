#include "scheduler/node_info.h"

#include "api/quantity.h"
#include "api/views/meta.h"

#include <algorithm>
#include <utility>

namespace skiff::scheduler {

namespace {

// Whether the member at the path differs between two nodes; absent ones are equal to each other.
bool differs(const Json& a, const Json& b, std::initializer_list<std::string_view> path) {
  const Json* left = find(a, path);
  const Json* right = find(b, path);
  if (left == nullptr || right == nullptr) return left != right;
  return *left != *right;
}

ClusterEvents changes(const Json& old_node, const Json& node) {
  ClusterEvents events = 0;
  if (differs(old_node, node, {"status", "allocatable"})) events |= kNodeAllocatableChanged;
  if (differs(old_node, node, {"metadata", "labels"})) events |= kNodeLabelsChanged;
  const bool taints = differs(old_node, node, {"spec", "taints"});
  if (taints || differs(old_node, node, {"spec", "unschedulable"})) events |= kNodeTaintsChanged;
  return events;
}

std::vector<NodeInfo::Residents>::iterator find_residents(std::vector<NodeInfo::Residents>& all, const PodUse& pod) {
  return std::find_if(all.begin(), all.end(), [&pod](const auto& residents) { return residents.traits == pod.traits; });
}

}  // namespace

api::NodeLabels NodeInfo::labels() const { return api::NodeLabels{name_, api::labels_of(*object_)}; }

const std::string* NodeInfo::label(const std::string& key) const { return api::label_of(*object_, key); }

ClusterEvents NodeInfo::set_object(api::ObjectPtr node) {
  const api::ObjectPtr old_node = std::exchange(object_, std::move(node));
  if (!object_) return 0;
  const ClusterEvents events = old_node ? changes(*old_node, *object_) : kNodeAdded;
  if (events == 0) return 0;
  taints_ = api::taints_of(*object_);
  unschedulable_ = bool_at(*object_, {"spec", "unschedulable"});
  const Json* allocatable = find(*object_, {"status", "allocatable"});
  allocatable_ = Resources::from_list(allocatable);
  const auto pods = api::Quantity::parse(string_at(*object_, {"status", "allocatable", "pods"}));
  allowed_pods_ = pods ? pods->value() : 0;
  return events;
}

void NodeInfo::add_pod(const PodUse& pod) {
  ++pod_count_;
  requested_ += pod.requests;
  scoring_requested_ += pod.scoring_requests;
  used_ports_.insert(used_ports_.end(), pod.host_ports.begin(), pod.host_ports.end());
  auto residents = find_residents(residents_, pod);
  if (residents == residents_.end()) residents = residents_.insert(residents_.end(), Residents{pod.traits});
  ++residents->pods;
  if (pod.terminating) ++residents->terminating;
}

void NodeInfo::remove_pod(const PodUse& pod) {
  --pod_count_;
  requested_ -= pod.requests;
  scoring_requested_ -= pod.scoring_requests;
  for (const HostPort& port : pod.host_ports) {
    used_ports_.erase(std::find(used_ports_.begin(), used_ports_.end(), port));
  }
  const auto residents = find_residents(residents_, pod);
  if (pod.terminating) --residents->terminating;
  if (--residents->pods == 0) residents_.erase(residents);
}

}  // namespace skiff::scheduler
