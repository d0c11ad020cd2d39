#pragma once

#include "scheduler/scheduling_queue.h"

#include <memory>
#include <vector>

namespace prometheus {
struct MetricFamily;
}

namespace skiff::scheduler {

// What upstream's scheduler counts and times, under its names. The scheduler tells what happens, from its own thread;
// collect() may be called by any.
// There is no count of pods with scheduling gates ("gated"): they are none of the queue's.
class SchedulingMetrics {
 public:
  using Time = SchedulingQueue::Time;
  enum class Failure { kUnschedulable, kError };

  SchedulingMetrics();
  ~SchedulingMetrics();

  // It took so long to choose a node, or to find none.
  void chosen(Time::duration time);
  // The pod of this attempt is bound.
  void scheduled(const SchedulingAttempt& attempt, Time now);
  void failed(Failure failure, const SchedulingAttempt& attempt, Time now);

  [[nodiscard]] std::vector<prometheus::MetricFamily> collect(const SchedulingQueue& queue);

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace skiff::scheduler
