#pragma once

#include "api/base/task.h"
#include "api/client/work_queue.h"
#include "api/status.h"

#include <chrono>
#include <functional>
#include <string>

namespace skiff::api {

// The frame of every controller: events only enqueue a key, and workers call sync(key), which reads everything again
// and is safe to repeat.
//
// Operation: at most `workers` syncs run at a time, never two for one key. A sync that fails is repeated with the
// queue's back-off; one that wants to be called again at a given time calls enqueue_after(). Concurrency: everything on
// the executor given, which has one thread. It will not: watch anything, or give up on a key.
class Controller {
 public:
  using Sync = std::function<Task<Result<void>>(std::string key)>;

  // `sync` is called between start() and the end of stop(). `name` is that of upstream's work queue, for logs and
  // `metrics`, which outlive the controller.
  Controller(asio::any_io_executor executor, WorkQueueMetrics& metrics, std::string name, std::size_t workers,
             Sync sync);
  // One that upstream has not: nobody counts.
  Controller(asio::any_io_executor executor, std::string name, std::size_t workers, Sync sync);

  // Keys may be enqueued before start().
  void enqueue(const std::string& key);
  void enqueue_after(const std::string& key, std::chrono::nanoseconds delay);
  // How often the key has failed in a row.
  [[nodiscard]] unsigned failures(const std::string& key) const { return queue_.failures(key); }

  void start();
  // Returns when the last running sync has ended.
  Task<void> stop();

 private:
  Controller(asio::any_io_executor executor, QueueMetrics* metrics, std::string name, std::size_t workers, Sync sync);
  Task<void> dispatch();
  Task<void> run_sync(std::string key);

  std::string name_;
  std::size_t workers_;
  Sync sync_;
  WorkQueue queue_;
  Signal signal_;
  TaskGroup tasks_;
  std::size_t active_ = 0;
  bool stopping_ = false;
};

}  // namespace skiff::api
