#include "api/client/work_queue.h"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using skiff::api::exponential_delay;
using skiff::api::WorkQueue;

TEST_CASE("exponential_delay doubles up to its limit") {
  CHECK(exponential_delay(5ms, 1000s, 0) == 5ms);
  CHECK(exponential_delay(5ms, 1000s, 3) == 40ms);
  CHECK(exponential_delay(5ms, 1000s, 18) == 1000s);
  CHECK(exponential_delay(5ms, 1000s, 4000000) == 1000s);
}

TEST_CASE("WorkQueue") {
  WorkQueue queue;
  const WorkQueue::Time now{};

  SECTION("hands out keys in order, each once") {
    queue.add("a", now);
    queue.add("b", now);
    queue.add("a", now);
    CHECK(queue.ready() == 2);
    CHECK(queue.take(now) == "a");
    CHECK(queue.take(now) == "b");
    CHECK(queue.take(now) == std::nullopt);
  }
  SECTION("a key that is added while it is processing comes again after done(), once") {
    queue.add("a", now);
    REQUIRE(queue.take(now) == "a");
    queue.add("a", now);
    queue.add("a", now);
    CHECK(queue.take(now) == std::nullopt);
    queue.done("a", now);
    CHECK(queue.take(now) == "a");
    queue.done("a", now);
    CHECK(queue.take(now) == std::nullopt);
  }
  SECTION("a delayed key comes when it is due, at the earliest of several times") {
    queue.add_at("a", now + 10s);
    queue.add_at("a", now + 3s);
    queue.add_at("a", now + 5s);
    CHECK(queue.next_due() == now + 3s);
    CHECK(queue.take(now + 2999ms) == std::nullopt);
    CHECK(queue.take(now + 3s) == "a");
    queue.done("a", now);
    CHECK(queue.take(now + 20s) == std::nullopt);
    CHECK(queue.next_due() == std::nullopt);
  }
  SECTION("a delayed key that becomes due while it is processing waits for done()") {
    queue.add("a", now);
    queue.add_at("a", now + 1s);
    REQUIRE(queue.take(now) == "a");
    CHECK(queue.take(now + 2s) == std::nullopt);
    queue.done("a", now);
    CHECK(queue.take(now + 2s) == "a");
  }
  SECTION("retry() backs off per key until forget()") {
    queue.retry("a", now);
    CHECK(queue.next_due() == now + 5ms);
    REQUIRE(queue.take(now + 5ms) == "a");
    queue.done("a", now);
    queue.retry("a", now);
    CHECK(queue.next_due() == now + 10ms);
    CHECK(queue.failures("a") == 2);
    queue.retry("b", now);
    CHECK(queue.next_due() == now + 5ms);
    queue.forget("a");
    CHECK(queue.failures("a") == 0);
  }
}
