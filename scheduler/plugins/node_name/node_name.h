#pragma once

#include "scheduler/framework.h"

// A pod that names its node runs there and nowhere else.
namespace skiff::scheduler {

[[nodiscard]] bool names_a_node(const PodInfo& pod);
[[nodiscard]] Verdict fits_node_name(const PodInfo& pod, const NodeInfo& node);

}  // namespace skiff::scheduler
