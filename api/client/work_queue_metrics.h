#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
struct MetricFamily;
}  // namespace prometheus

namespace skiff::api {

class WorkQueueMetrics;

// The figures of one work queue. The queue tells what happens, from its own thread, and none of these calls allocates;
// WorkQueueMetrics reads meanwhile, from any.
class QueueMetrics {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // A key has come that did not wait yet; `depth` keys wait now.
  void added(std::size_t depth);
  // One is being processed from now on, after it had waited since `wanted`.
  void taken(std::size_t depth, Time wanted, Time now);
  // One that was taken then has been processed.
  void done(Time taken, Time now);
  // One has failed, and comes again after its back-off. (Upstream counts all that comes after a delay. With us that
  // is mostly work that waits for more of its kind.)
  void retried();

 private:
  friend class WorkQueueMetrics;
  struct Figures {
    prometheus::Counter& adds;
    prometheus::Gauge& depth;
    prometheus::Histogram& queue_duration;
    prometheus::Histogram& work_duration;
    prometheus::Counter& retries;
    prometheus::Gauge& unfinished_work;
    prometheus::Gauge& longest_running;
  };
  explicit QueueMetrics(Figures figures) : figures_(figures) {}
  void update_unfinished(Time now);

  const Figures figures_;
  std::mutex mutex_;           // guards the rest
  std::vector<Time> running_;  // since when keys are being processed
};

// What client-go counts and times of the work queues of a process, under its names (workqueue_depth, ...).
// Thread-safe.
class WorkQueueMetrics {
 public:
  WorkQueueMetrics();
  ~WorkQueueMetrics();

  // The figures of the queue of that name, made when first asked for. They live as long as this.
  [[nodiscard]] QueueMetrics& queue(const std::string& name);
  [[nodiscard]] std::vector<prometheus::MetricFamily> collect(QueueMetrics::Time now);

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace skiff::api
