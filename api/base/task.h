#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>

namespace skiff {

namespace asio = boost::asio;

// A named coroutine's type. Rules (GCC 12 corrupts memory otherwise, see docs/coroutines.md):
//   * in an expression with co_await use only names and plain calls: no lambda with captures by value, no braced
//     aggregate (also not as a default argument), no ?: of non-trivial types. Name it on the line before.
//   * parameters are taken by value, or by reference to what certainly outlives the coroutine.
template <class T>
using Task = asio::awaitable<T>;

namespace internal {
template <class Function>
Task<std::invoke_result_t<Function&>> invoke_as_task(std::shared_ptr<Function> function) {
  co_return (*function)();
}
}  // namespace internal

// Runs a blocking function (SQLite, mounts, child processes) on `pool` and resumes the caller on its own executor.
//   auto read = [path] { return read_file(path); };
//   Result<std::string> text = co_await run_blocking(pool, std::move(read));
template <class Function>
Task<std::invoke_result_t<Function&>> run_blocking(asio::thread_pool& pool, Function function) {
  auto shared = std::make_shared<Function>(std::move(function));
  co_return co_await asio::co_spawn(pool, internal::invoke_as_task(std::move(shared)), asio::use_awaitable);
}

// Wakes one waiting coroutine. A notification that comes while nobody waits is remembered (one, not a count), so that
// "look, then wait" never misses a change:
//   for (;;) { take_all_work(); co_await signal.wait(); }
// notify() may be called from any thread, also after the Signal is gone if called through a copy of notifier().
// wait() and wait_until() run on the executor given, one waiter at a time.
class Signal {
 public:
  explicit Signal(asio::any_io_executor executor);
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void notify() const;
  // A handle that wakes the signal while it exists and does nothing afterwards.
  [[nodiscard]] std::function<void()> notifier() const;

  // Returns when notified.
  Task<void> wait();
  // As wait(), and returns at `deadline` at the latest. True when notified.
  Task<bool> wait_until(std::chrono::steady_clock::time_point deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Counts the coroutines that a component started, so that its stop() can wait for the last one.
//   start():  group_.spawn(run_loop());        stop():  stopping_ = true; signal_.notify(); co_await group_.join();
// Everything on the executor given. An exception that leaves a spawned coroutine is our mistake and ends the process.
class TaskGroup {
 public:
  explicit TaskGroup(asio::any_io_executor executor);
  ~TaskGroup();  // all tasks must have ended
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void spawn(Task<void> task);
  [[nodiscard]] std::size_t running() const;
  Task<void> join();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace skiff
