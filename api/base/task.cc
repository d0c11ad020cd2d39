#include "api/base/task.h"

#include "api/base/check.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include <atomic>
#include <mutex>

namespace skiff {

using std::chrono::steady_clock;

struct Signal::State {
  // The timer is the waiting coroutine's bed: it never expires by itself in wait(), and notify() cancels it from the
  // signal's own executor.
  struct Bed {
    explicit Bed(asio::any_io_executor executor) : timer(std::move(executor)) {}

    asio::steady_timer timer;
    std::atomic<bool> notified = false;
    // Set while a wake-up is on its way to the executor, so that a burst of notifications posts once.
    std::atomic<bool> posted = false;
  };

  explicit State(asio::any_io_executor executor) : bed(std::make_shared<Bed>(std::move(executor))) {}

  void notify() {
    const std::lock_guard lock(mutex);
    if (!bed) return;
    bed->notified = true;
    if (bed->posted.exchange(true)) return;
    asio::post(bed->timer.get_executor(), [bed = bed] {
      bed->posted = false;
      bed->timer.cancel();
    });
  }

  // The timer must not outlive its io_context, which may go right after the Signal. Hence only the Signal, its waiting
  // coroutine and handlers inside of the io_context own the bed; other threads touch it under the lock, and ~Signal
  // takes it away under the same lock.
  std::mutex mutex;
  std::shared_ptr<Bed> bed;  // null once the Signal is gone
};

namespace {

// Waits for the timer or for a notification; both look the same to the caller.
Task<void> wait_for_timer(asio::steady_timer& timer) {
  boost::system::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  co_await timer.async_wait(token);
}

}  // namespace

Signal::Signal(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

Signal::~Signal() {
  const std::lock_guard lock(state_->mutex);
  state_->bed.reset();
}

void Signal::notify() const { state_->notify(); }

std::function<void()> Signal::notifier() const {
  return [state = state_] { state->notify(); };
}

Task<void> Signal::wait() { co_await wait_until(steady_clock::time_point::max()); }

Task<bool> Signal::wait_until(steady_clock::time_point deadline) {
  // Held by the coroutine: the Signal may be destroyed while it waits.
  const std::shared_ptr<State::Bed> bed = state_->bed;
  // A loop, since the wake-up of a notification that was seen already may still be on its way.
  while (!bed->notified.exchange(false)) {
    if (steady_clock::now() >= deadline) co_return false;
    bed->timer.expires_at(deadline);
    co_await wait_for_timer(bed->timer);
  }
  co_return true;
}

struct TaskGroup::State {
  explicit State(asio::any_io_executor executor) : executor(executor), ended(executor) {}
  asio::any_io_executor executor;
  std::size_t running = 0;
  Signal ended;
};

TaskGroup::TaskGroup(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

TaskGroup::~TaskGroup() { CHECK_INVARIANT(state_->running == 0); }

void TaskGroup::spawn(Task<void> task) {
  ++state_->running;
  auto done = [state = state_](const std::exception_ptr& exception) {
    CHECK_INVARIANT(!exception);
    --state->running;
    state->ended.notify();
  };
  asio::co_spawn(state_->executor, std::move(task), std::move(done));
}

std::size_t TaskGroup::running() const { return state_->running; }

Task<void> TaskGroup::join() {
  const std::shared_ptr<State> state = state_;
  while (state->running > 0) co_await state->ended.wait();
}

}  // namespace skiff
