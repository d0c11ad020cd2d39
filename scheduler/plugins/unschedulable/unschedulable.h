#pragma once

#include "scheduler/framework.h"

// Nodes that were cordoned (spec.unschedulable), except for pods that tolerate that.
namespace skiff::scheduler {

[[nodiscard]] Verdict fits_unschedulable(const PodInfo& pod, const NodeInfo& node);

}  // namespace skiff::scheduler
