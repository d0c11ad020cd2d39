#include "scheduler/plugins/node_selector/node_selector.h"

namespace skiff::scheduler {

bool requires_certain_nodes(const PodInfo& pod) { return !pod.required_nodes.any_node_will_do(); }

Verdict fits_node_selector(const PodInfo& pod, const NodeInfo& node) {
  if (pod.required_nodes.matches(node.labels())) return Verdict::yes();
  return Verdict::never("node(s) didn't match Pod's node affinity/selector");
}

bool prefers_certain_nodes(const PodInfo& pod) { return !pod.preferred_nodes.empty(); }

std::int64_t score_node_preference(const PodInfo& pod, const NodeInfo& node) {
  const api::NodeLabels labels = node.labels();
  std::int64_t score = 0;
  for (const api::PreferredNodes& preferred : pod.preferred_nodes) {
    if (preferred.term.matches(labels)) score += preferred.weight;
  }
  return score;
}

}  // namespace skiff::scheduler
