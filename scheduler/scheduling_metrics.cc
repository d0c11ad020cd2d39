#include "scheduler/scheduling_metrics.h"

#include "api/base/buckets.h"
#include "scheduler/scheduler.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <array>

namespace skiff::scheduler {

namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;

// Attempts from this on share a label.
constexpr unsigned kManyAttempts = 15;

// Upstream's, in seconds.
std::vector<double> attempt_buckets() { return exponential_buckets(0.001, 2, 15); }
std::vector<double> waiting_buckets() { return exponential_buckets(0.01, 2, 20); }

}  // namespace

struct SchedulingMetrics::Families {
  // Attempts that ended in one way.
  struct Attempts {
    Counter& total;
    Histogram& duration;
    void add(const SchedulingAttempt& attempt, Time now) {
      total.Increment();
      duration.Observe(in_seconds(now - attempt.begin));
    }
  };
  Attempts attempts_with(const char* result) {
    const std::map<std::string, std::string> labels = {{"profile", Scheduler::kName}, {"result", result}};
    return {totals.Add(labels), durations.Add(labels, attempt_buckets())};
  }
  // Of pods that needed so many attempts; made for the first of them.
  Histogram& waiting_of(unsigned attempts) {
    Histogram*& known = waiting_by_attempts[std::min(attempts, kManyAttempts) - 1];
    if (known != nullptr) return *known;
    const std::string label = attempts < kManyAttempts ? std::to_string(attempts) : "15+";
    known = &waiting.Add({{"attempts", label}}, waiting_buckets());
    return *known;
  }

  prometheus::Registry registry;
  prometheus::Family<Counter>& totals =
      prometheus::BuildCounter()
          .Name("scheduler_schedule_attempts_total")
          .Help("[STABLE] Attempts to find a node for a pod, by their result; 'error' is a problem of our own.")
          .Register(registry);
  prometheus::Family<Histogram>& durations =
      prometheus::BuildHistogram()
          .Name("scheduler_scheduling_attempt_duration_seconds")
          .Help("[STABLE] Scheduling attempt latency in seconds (scheduling algorithm + binding)")
          .Register(registry);
  prometheus::Family<Histogram>& choosing = prometheus::BuildHistogram()
                                                .Name("scheduler_scheduling_algorithm_duration_seconds")
                                                .Help("[ALPHA] Scheduling algorithm latency in seconds")
                                                .Register(registry);
  prometheus::Family<Histogram>& waiting =
      prometheus::BuildHistogram()
          .Name("scheduler_pod_scheduling_sli_duration_seconds")
          .Help("[BETA] Seconds from a pod's first attempt until it is bound, by how many attempts it took.")
          .Register(registry);
  prometheus::Family<Histogram>& attempts_needed =
      prometheus::BuildHistogram()
          .Name("scheduler_pod_scheduling_attempts")
          .Help("[STABLE] Number of attempts to successfully schedule a pod.")
          .Register(registry);
  prometheus::Family<Gauge>& pending =
      prometheus::BuildGauge()
          .Name("scheduler_pending_pods")
          .Help("[STABLE] Pods without a node: to be tried (active), soon again (backoff), or when something changes.")
          .Register(registry);

  Attempts scheduled = attempts_with("scheduled");
  Attempts unschedulable = attempts_with("unschedulable");
  Attempts error = attempts_with("error");
  Histogram& choosing_time = choosing.Add({}, attempt_buckets());
  Histogram& needed = attempts_needed.Add({}, exponential_buckets(1, 2, 5));
  std::array<Histogram*, kManyAttempts> waiting_by_attempts{};
  Gauge& active = pending.Add({{"queue", "active"}});
  Gauge& backing_off = pending.Add({{"queue", "backoff"}});
  Gauge& waiting_for_change = pending.Add({{"queue", "unschedulable"}});
};

SchedulingMetrics::SchedulingMetrics() : families_(std::make_unique<Families>()) {}
SchedulingMetrics::~SchedulingMetrics() = default;

void SchedulingMetrics::chosen(Time::duration time) { families_->choosing_time.Observe(in_seconds(time)); }

void SchedulingMetrics::scheduled(const SchedulingAttempt& attempt, Time now) {
  families_->scheduled.add(attempt, now);
  families_->waiting_of(attempt.number).Observe(in_seconds(now - attempt.first_begin));
  families_->needed.Observe(attempt.number);
}

void SchedulingMetrics::failed(Failure failure, const SchedulingAttempt& attempt, Time now) {
  (failure == Failure::kError ? families_->error : families_->unschedulable).add(attempt, now);
}

std::vector<prometheus::MetricFamily> SchedulingMetrics::collect(const SchedulingQueue& queue) {
  using Place = SchedulingQueue::Place;
  const auto show = [&queue](Gauge& gauge, Place place) { gauge.Set(static_cast<double>(queue.count(place))); };
  show(families_->active, Place::kActive);
  show(families_->backing_off, Place::kBackingOff);
  show(families_->waiting_for_change, Place::kUnschedulable);
  return families_->registry.Collect();
}

}  // namespace skiff::scheduler
