#include "api/base/task.h"

#include "api/base/check.h"

#include <boost/asio/redirect_error.hpp>

#include <mutex>
#include <optional>
#include <utility>

namespace skiff {

using std::chrono::steady_clock;

struct Signal::State {
  // The timer is the waiting coroutine's bed: it never expires by itself in wait(), and notify() cancels it, which
  // resumes the coroutine on its own executor.
  struct Bed {
    explicit Bed(asio::any_io_executor executor) : timer(std::move(executor)) {}

    asio::steady_timer timer;
    bool notified = false;
    // A coroutine lies there whom nobody has woken, so that a burst of notifications cancels once.
    bool occupied = false;
  };

  explicit State(asio::any_io_executor executor) : bed(std::make_shared<Bed>(std::move(executor))) {}

  void notify() {
    const std::lock_guard lock(mutex);
    if (!bed) return;
    bed->notified = true;
    if (std::exchange(bed->occupied, false)) bed->timer.cancel();
  }

  // Whether there was a notification, which is used up.
  bool take_notification(Bed& from) {
    const std::lock_guard lock(mutex);
    from.occupied = false;
    return std::exchange(from.notified, false);
  }

  // Calls the handler when the timer ends.
  template <class Handler>
  void lie_down(Bed& on, steady_clock::time_point deadline, Handler handler) {
    const std::lock_guard lock(mutex);
    // Who was notified since it last looked does not sleep.
    on.timer.expires_at(on.notified ? steady_clock::time_point() : deadline);
    on.occupied = true;
    on.timer.async_wait(std::move(handler));
  }

  // The timer must not outlive its io_context, which may go right after the Signal. Hence only the Signal and its
  // waiting coroutine own the bed; other threads touch it under the lock, and ~Signal takes it away under the same
  // lock.
  std::mutex mutex;          // guards the bed and what is in it
  std::shared_ptr<Bed> bed;  // null once the Signal is gone
};

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
  const std::shared_ptr<State> state = state_;
  const std::shared_ptr<State::Bed> bed = state->bed;
  while (!state->take_notification(*bed)) {
    if (steady_clock::now() >= deadline) co_return false;
    const auto lie_down = [state = state.get(), bed = bed.get(), deadline](auto handler) {
      state->lie_down(*bed, deadline, std::move(handler));
    };
    // The end of the timer and a notification look the same.
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await asio::async_initiate<decltype(token), void(boost::system::error_code)>(lie_down, token);
  }
  co_return true;
}

struct TaskGroup::State {
  explicit State(asio::any_io_executor executor) : executor(std::move(executor)) {}
  asio::any_io_executor executor;
  std::size_t running = 0;
  std::optional<Signal> ended;  // made by who waits: there are many groups, and they are joined once
};

TaskGroup::TaskGroup(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

TaskGroup::~TaskGroup() { CHECK_INVARIANT(state_->running == 0); }

void TaskGroup::spawn(Task<void> task) {
  ++state_->running;
  auto done = [state = state_](const std::exception_ptr& exception) {
    CHECK_INVARIANT(!exception);
    --state->running;
    if (state->ended) state->ended->notify();
  };
  asio::co_spawn(state_->executor, std::move(task), std::move(done));
}

std::size_t TaskGroup::running() const { return state_->running; }

Task<void> TaskGroup::join() {
  const std::shared_ptr<State> state = state_;
  if (!state->ended) state->ended.emplace(state->executor);
  while (state->running > 0) co_await state->ended->wait();
}

}  // namespace skiff
