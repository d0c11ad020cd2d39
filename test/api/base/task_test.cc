#include "api/base/task.h"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <atomic>
#include <memory>
#include <thread>

namespace skiff {
namespace {

using namespace std::chrono_literals;

Task<void> count_wakes(Signal& signal, int& wakes, int wanted) {
  while (wakes < wanted) {
    co_await signal.wait();
    ++wakes;
  }
}

Task<void> wait_once(Signal& signal, std::chrono::milliseconds limit, bool& notified) {
  notified = co_await signal.wait_until(std::chrono::steady_clock::now() + limit);
}

Task<void> join(TaskGroup& group, bool& joined) {
  co_await group.join();
  joined = true;
}

Task<void> run_on_pool(asio::thread_pool& pool, std::thread::id& inside, std::thread::id& after) {
  auto work = [&inside] {
    inside = std::this_thread::get_id();
    return 7;
  };
  const int answer = co_await run_blocking(pool, std::move(work));
  after = std::this_thread::get_id();
  CHECK(answer == 7);
}

}  // namespace

TEST_CASE("a notification before the wait is remembered once") {
  asio::io_context context;
  Signal signal(context.get_executor());
  TaskGroup group(context.get_executor());
  signal.notify();
  signal.notify();
  int wakes = 0;
  group.spawn(count_wakes(signal, wakes, 2));
  context.poll();
  CHECK(wakes == 1);
  CHECK(group.running() == 1);
  signal.notifier()();
  context.restart();
  context.poll();
  CHECK(wakes == 2);
  CHECK(group.running() == 0);
}

// AddressSanitizer is the judge: the notifying thread must not be the one that drops the last piece of the signal.
TEST_CASE("a signal and its context may go while another thread notifies") {
  for (int round = 0; round < 300; ++round) {
    auto context = std::make_unique<asio::io_context>();
    auto signal = std::make_unique<Signal>(context->get_executor());
    std::atomic<bool> started = false;
    std::atomic<bool> stop = false;
    std::thread other([notify = signal->notifier(), &started, &stop] {
      while (!stop) {
        notify();
        started = true;
      }
    });
    while (!started) std::this_thread::yield();
    context->poll();
    signal.reset();
    context.reset();
    stop = true;
    other.join();
  }
  SUCCEED("no thread touched what was gone");
}

TEST_CASE("a notification from another thread wakes, and a deadline ends the wait") {
  asio::io_context context;
  Signal signal(context.get_executor());
  TaskGroup group(context.get_executor());
  bool notified = true;
  group.spawn(wait_once(signal, 1ms, notified));
  context.run();
  CHECK_FALSE(notified);

  group.spawn(wait_once(signal, 1h, notified));
  std::thread other([wake = signal.notifier()] { wake(); });
  context.restart();
  context.run();
  other.join();
  CHECK(notified);
}

TEST_CASE("a notifier outlives its signal") {
  asio::io_context context;
  std::function<void()> notify;
  {
    const Signal signal(context.get_executor());
    notify = signal.notifier();
  }
  notify();
  CHECK(context.poll() == 0);
}

TEST_CASE("a group is joined when its last task has ended") {
  asio::io_context context;
  Signal signal(context.get_executor());
  TaskGroup group(context.get_executor());
  int wakes = 0;
  bool joined = false;
  group.spawn(count_wakes(signal, wakes, 1));
  asio::co_spawn(context, join(group, joined), asio::detached);
  context.poll();
  CHECK_FALSE(joined);
  signal.notify();
  context.restart();
  context.poll();
  CHECK(joined);
}

TEST_CASE("blocking work runs on the pool and its caller goes on where it was") {
  asio::io_context context;
  asio::thread_pool pool(1);
  TaskGroup group(context.get_executor());
  std::thread::id inside;
  std::thread::id after;
  group.spawn(run_on_pool(pool, inside, after));
  context.run();
  CHECK(inside != std::this_thread::get_id());
  CHECK(after == std::this_thread::get_id());
}

}  // namespace skiff
