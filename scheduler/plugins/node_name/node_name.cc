#include "scheduler/plugins/node_name/node_name.h"

namespace skiff::scheduler {

bool names_a_node(const PodInfo& pod) { return !pod.node_name.empty(); }

Verdict fits_node_name(const PodInfo& pod, const NodeInfo& node) {
  if (pod.node_name.empty() || pod.node_name == node.name()) return Verdict::yes();
  return Verdict::never("node(s) didn't match the requested node name");
}

}  // namespace skiff::scheduler
