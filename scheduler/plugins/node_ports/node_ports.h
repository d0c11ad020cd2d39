#pragma once

#include "scheduler/framework.h"

// A host port is given to one pod of a node.
namespace skiff::scheduler {

[[nodiscard]] bool wants_host_ports(const PodInfo& pod);
[[nodiscard]] Verdict fits_node_ports(const PodInfo& pod, const NodeInfo& node);

}  // namespace skiff::scheduler
