#include "api/client/controller.h"

#include "test/support/run.h"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace skiff;
using namespace skiff::api;
using namespace skiff::test;
using namespace std::chrono_literals;

namespace {

// Syncs that last until they are let go.
struct Syncs {
  asio::io_context context;
  std::map<std::string, std::unique_ptr<Signal>> running;
  std::map<std::string, int> count;
  std::map<std::string, int> failures_left;
  bool overlapped = false;

  Task<api::Result<void>> sync(std::string key) {
    ++count[key];
    if (running.contains(key)) overlapped = true;
    auto signal = std::make_unique<Signal>(context.get_executor());
    Signal& own = *signal;
    running[key] = std::move(signal);
    co_await own.wait();
    running.erase(key);
    if (failures_left[key]-- > 0) co_return unavailable("try again");
    co_return api::Result<void>();
  }
  void let_go(const std::string& key) { running.at(key)->notify(); }
};

}  // namespace

TEST_CASE("Controller") {
  Syncs syncs;
  Controller controller(syncs.context.get_executor(), "test", 2, [&](std::string key) { return syncs.sync(key); });
  for (const char* key : {"a", "b", "c"}) controller.enqueue(key);
  controller.start();
  run_ready(syncs.context);

  SECTION("runs as many syncs as it has workers") {
    CHECK(syncs.running.size() == 2);
    CHECK(!syncs.running.contains("c"));
    syncs.let_go("a");
    run_ready(syncs.context);
    CHECK(syncs.running.contains("c"));
  }
  SECTION("never runs two syncs of a key, and loses no wish for another one") {
    controller.enqueue("a");
    run_ready(syncs.context);
    CHECK(syncs.count["a"] == 1);
    syncs.let_go("b");
    syncs.let_go("a");
    run_ready(syncs.context);
    CHECK(syncs.count["a"] == 2);
    CHECK(!syncs.overlapped);
  }
  SECTION("repeats a sync that failed") {
    syncs.failures_left["a"] = 2;
    syncs.let_go("a");
    syncs.let_go("b");
    run_until(syncs.context, [&] { return syncs.running.contains("c"); });
    run_until(syncs.context, [&] { return syncs.count["a"] == 2 && syncs.running.contains("a"); });
    CHECK(controller.failures("a") == 1);
    syncs.let_go("a");
    run_until(syncs.context, [&] { return syncs.count["a"] == 3 && syncs.running.contains("a"); });
    syncs.let_go("a");
    run_until(syncs.context, [&] { return controller.failures("a") == 0; });
  }
  SECTION("enqueue_after() comes in its time") {
    syncs.let_go("a");
    syncs.let_go("b");
    run_until(syncs.context, [&] { return syncs.running.contains("c"); });
    controller.enqueue_after("d", std::chrono::milliseconds(1));
    run_until(syncs.context, [&] { return syncs.running.contains("d"); });
  }

  bool stopped = false;
  asio::co_spawn(syncs.context, controller.stop(), [&](std::exception_ptr) { stopped = true; });
  run_ready(syncs.context);
  CHECK(!stopped);  // waits for what runs
  run_until(syncs.context, [&] {
    for (const auto& [_, signal] : syncs.running) signal->notify();
    run_ready(syncs.context);
    return stopped;
  });
  CHECK(syncs.running.empty());
}

TEST_CASE("a key that is always due leaves the others on the executor their turns") {
  asio::io_context context;
  int syncs = 0;
  bool others_had_turn = false;
  Controller* self = nullptr;
  const auto sync = [&](std::string key) -> Task<api::Result<void>> {
    if (++syncs < 10'000 && !others_had_turn) self->enqueue_after(key, -1s);
    co_return api::Result<void>();
  };
  Controller controller(context.get_executor(), "test", 2, sync);
  self = &controller;
  controller.enqueue("a");
  controller.start();
  asio::post(context, [&] { others_had_turn = true; });
  run_ready(context);
  CHECK(syncs < 1000);
  run(context, controller.stop());
}
