#pragma once

#include "scheduler/framework.h"

// Spreads pods: the more of its cpu and memory a node would have left, the better.
namespace skiff::scheduler {

// 0..kMaxScore, the mean over cpu and memory.
[[nodiscard]] std::int64_t score_least_allocated(const PodInfo& pod, const NodeInfo& node);

}  // namespace skiff::scheduler
