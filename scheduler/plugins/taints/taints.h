#pragma once

#include "scheduler/framework.h"

// Taints of nodes and tolerations of pods (upstream's plugin TaintToleration).
namespace skiff::scheduler {

[[nodiscard]] Verdict fits_taints(const PodInfo& pod, const NodeInfo& node);

// How many taints of effect PreferNoSchedule the pod does not tolerate: fewer are better.
[[nodiscard]] std::int64_t score_taints(const PodInfo& pod, const NodeInfo& node);

}  // namespace skiff::scheduler
