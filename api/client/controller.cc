#include "api/client/controller.h"

#include "api/base/log.h"

#include <boost/asio/post.hpp>

#include <utility>

namespace skiff::api {

namespace {

// A sync that never waits and wants to be called again at once must not keep all others on the executor from theirs.
constexpr unsigned kSyncsPerTurn = 64;

}  // namespace

using SteadyClock = std::chrono::steady_clock;

Controller::Controller(asio::any_io_executor executor, WorkQueueMetrics& metrics, std::string name, std::size_t workers,
                       Sync sync)
    : Controller(std::move(executor), &metrics.queue(name), name, workers, std::move(sync)) {}

Controller::Controller(asio::any_io_executor executor, std::string name, std::size_t workers, Sync sync)
    : Controller(std::move(executor), nullptr, std::move(name), workers, std::move(sync)) {}

Controller::Controller(asio::any_io_executor executor, QueueMetrics* metrics, std::string name, std::size_t workers,
                       Sync sync)
    : name_(std::move(name)),
      workers_(workers),
      sync_(std::move(sync)),
      queue_(metrics),
      signal_(executor),
      tasks_(executor) {}

void Controller::enqueue(const std::string& key) {
  queue_.add(key, SteadyClock::now());
  signal_.notify();
}

void Controller::enqueue_after(const std::string& key, std::chrono::nanoseconds delay) {
  queue_.add_at(key, SteadyClock::now() + delay);
  signal_.notify();
}

void Controller::start() { tasks_.spawn(dispatch()); }

Task<void> Controller::stop() {
  stopping_ = true;
  signal_.notify();
  co_await tasks_.join();
}

Task<void> Controller::dispatch() {
  const auto executor = co_await asio::this_coro::executor;
  unsigned syncs = 0;
  while (!stopping_) {
    while (active_ < workers_ && !stopping_) {
      std::optional<std::string> key = queue_.take(SteadyClock::now());
      if (!key) break;
      ++active_;
      tasks_.spawn(run_sync(std::move(*key)));
      if (++syncs % kSyncsPerTurn == 0) co_await asio::post(executor, asio::use_awaitable);
    }
    if (stopping_) break;
    const std::optional<WorkQueue::Time> due = queue_.next_due();
    if (due && active_ < workers_) {
      co_await signal_.wait_until(*due);
    } else {
      co_await signal_.wait();
    }
  }
}

Task<void> Controller::run_sync(std::string key) {
  const Result<void> result = co_await sync_(key);
  if (result) {
    queue_.forget(key);
  } else {
    // A lost race is the normal course of things: the newer object is on its way to us.
    const auto level = result.error().reason == Reason::kConflict ? spdlog::level::debug : spdlog::level::warn;
    spdlog::log(level, "{} {}: {}", name_, key, result.error().message);
    queue_.retry(key, SteadyClock::now());
  }
  queue_.done(key, SteadyClock::now());
  --active_;
  signal_.notify();
}

}  // namespace skiff::api
