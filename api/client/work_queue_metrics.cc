#include "api/client/work_queue_metrics.h"

#include "api/base/buckets.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <map>

namespace skiff::api {

namespace {

// Upstream's, in seconds.
std::vector<double> queue_time_buckets() { return exponential_buckets(1e-8, 10, 10); }

}  // namespace

void QueueMetrics::added(std::size_t depth) {
  figures_.adds.Increment();
  figures_.depth.Set(static_cast<double>(depth));
}

void QueueMetrics::taken(std::size_t depth, Time wanted, Time now) {
  figures_.depth.Set(static_cast<double>(depth));
  figures_.queue_duration.Observe(in_seconds(now - wanted));
  const std::lock_guard lock(mutex_);
  running_.push_back(now);
}

void QueueMetrics::done(Time taken, Time now) {
  figures_.work_duration.Observe(in_seconds(now - taken));
  const std::lock_guard lock(mutex_);
  // Whose it is does not matter: equal times are equally long.
  const auto found = std::find(running_.begin(), running_.end(), taken);
  if (found == running_.end()) return;
  *found = running_.back();
  running_.pop_back();
}

void QueueMetrics::retried() { figures_.retries.Increment(); }

void QueueMetrics::update_unfinished(Time now) {
  const std::lock_guard lock(mutex_);
  double all = 0;
  double longest = 0;
  for (const Time since : running_) {
    all += in_seconds(now - since);
    longest = std::max(longest, in_seconds(now - since));
  }
  figures_.unfinished_work.Set(all);
  figures_.longest_running.Set(longest);
}

struct WorkQueueMetrics::Families {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& adds = prometheus::BuildCounter()
                                                      .Name("workqueue_adds_total")
                                                      .Help("[ALPHA] Total number of adds handled by workqueue")
                                                      .Register(registry);
  prometheus::Family<prometheus::Gauge>& depth =
      prometheus::BuildGauge().Name("workqueue_depth").Help("[ALPHA] Current depth of workqueue").Register(registry);
  prometheus::Family<prometheus::Histogram>& queue_duration =
      prometheus::BuildHistogram()
          .Name("workqueue_queue_duration_seconds")
          .Help("[ALPHA] How long in seconds an item stays in workqueue before being requested.")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& work_duration =
      prometheus::BuildHistogram()
          .Name("workqueue_work_duration_seconds")
          .Help("[ALPHA] How long in seconds processing an item from workqueue takes.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& retries = prometheus::BuildCounter()
                                                         .Name("workqueue_retries_total")
                                                         .Help("[ALPHA] Total number of retries handled by workqueue")
                                                         .Register(registry);
  prometheus::Family<prometheus::Gauge>& unfinished_work =
      prometheus::BuildGauge()
          .Name("workqueue_unfinished_work_seconds")
          .Help("[ALPHA] Seconds that the items being processed have taken by now, together.")
          .Register(registry);
  prometheus::Family<prometheus::Gauge>& longest_running =
      prometheus::BuildGauge()
          .Name("workqueue_longest_running_processor_seconds")
          .Help("[ALPHA] Seconds that the one of them that takes the longest has taken by now.")
          .Register(registry);

  std::mutex mutex;  // guards the rest
  std::map<std::string, std::unique_ptr<QueueMetrics>> queues;
};

WorkQueueMetrics::WorkQueueMetrics() : families_(std::make_unique<Families>()) {}
WorkQueueMetrics::~WorkQueueMetrics() = default;

QueueMetrics& WorkQueueMetrics::queue(const std::string& name) {
  Families& families = *families_;
  const std::lock_guard lock(families.mutex);
  std::unique_ptr<QueueMetrics>& queue = families.queues[name];
  if (queue) return *queue;
  const std::map<std::string, std::string> labels = {{"name", name}};
  queue.reset(new QueueMetrics({families.adds.Add(labels), families.depth.Add(labels),
                                families.queue_duration.Add(labels, queue_time_buckets()),
                                families.work_duration.Add(labels, queue_time_buckets()), families.retries.Add(labels),
                                families.unfinished_work.Add(labels), families.longest_running.Add(labels)}));
  return *queue;
}

std::vector<prometheus::MetricFamily> WorkQueueMetrics::collect(QueueMetrics::Time now) {
  const std::lock_guard lock(families_->mutex);
  for (const auto& [name, queue] : families_->queues) queue->update_unfinished(now);
  return families_->registry.Collect();
}

}  // namespace skiff::api
