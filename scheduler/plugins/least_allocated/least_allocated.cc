#include "scheduler/plugins/least_allocated/least_allocated.h"

namespace skiff::scheduler {

namespace {

std::int64_t share_left(std::int64_t allocatable, std::int64_t requested) {
  if (allocatable <= 0 || requested >= allocatable) return 0;
  return (allocatable - requested) * kMaxScore / allocatable;
}

}  // namespace

std::int64_t score_least_allocated(const PodInfo& pod, const NodeInfo& node) {
  const Resources& has = node.allocatable();
  const Resources& used = node.scoring_requested();
  const std::int64_t cpu = share_left(has.milli_cpu, used.milli_cpu + pod.scoring_requests.milli_cpu);
  const std::int64_t memory = share_left(has.memory, used.memory + pod.scoring_requests.memory);
  return (cpu + memory) / 2;
}

}  // namespace skiff::scheduler
