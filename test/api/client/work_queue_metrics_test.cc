#include "api/client/work_queue_metrics.h"

#include "api/client/work_queue.h"
#include "test/support/samples.h"

#include <catch2/catch.hpp>

using namespace skiff::api;
using namespace std::chrono_literals;
using skiff::test::sample_in;

TEST_CASE("a work queue is counted and timed") {
  WorkQueueMetrics metrics;
  WorkQueue queue(&metrics.queue("deployment"));
  const QueueMetrics::Time now{};
  const auto figure = [&](const std::string& name, QueueMetrics::Time at) {
    return sample_in(metrics.collect(at), "workqueue_" + name + "{name=\"deployment\"}");
  };

  queue.add("a", now);
  queue.add("a", now + 1s);  // is one
  queue.add("b", now + 1s);
  CHECK(figure("adds_total", now) == "2");
  CHECK(figure("depth", now) == "2");

  REQUIRE(queue.take(now + 2s) == "a");
  REQUIRE(queue.take(now + 3s) == "b");
  CHECK(figure("depth", now) == "0");
  CHECK(figure("queue_duration_seconds_count", now) == "2");
  CHECK(figure("queue_duration_seconds_sum", now) == "4");
  CHECK(sample_in(metrics.collect(now), "workqueue_queue_duration_seconds_bucket{name=\"deployment\",le=\"1\"}") ==
        "0");
  CHECK(figure("unfinished_work_seconds", now + 10s) == "15");
  CHECK(figure("longest_running_processor_seconds", now + 10s) == "8");

  // Wanted again while it is processed: it waits from then on.
  queue.add("a", now + 4s);
  CHECK(figure("depth", now) == "1");
  queue.done("a", now + 6s);
  CHECK(figure("work_duration_seconds_sum", now) == "4");
  CHECK(figure("unfinished_work_seconds", now + 10s) == "7");
  CHECK(figure("longest_running_processor_seconds", now + 10s) == "7");
  REQUIRE(queue.take(now + 7s) == "a");
  CHECK(figure("queue_duration_seconds_sum", now) == "7");
  queue.done("a", now + 7s);
  queue.done("b", now + 8s);
  CHECK(figure("unfinished_work_seconds", now + 10s) == "0");

  queue.add_at("b", now + 20s);
  queue.retry("a", now + 8s);
  CHECK(figure("retries_total", now) == "1");
  CHECK(figure("adds_total", now) == "3");
  REQUIRE(queue.take(now + 9s) == "a");
  CHECK(figure("adds_total", now) == "4");
}

TEST_CASE("queues are told apart by their names") {
  WorkQueueMetrics metrics;
  WorkQueue one(&metrics.queue("one"));
  WorkQueue another(&metrics.queue("another"));
  one.add("a", {});
  CHECK(sample_in(metrics.collect({}), "workqueue_adds_total{name=\"one\"}") == "1");
  CHECK(sample_in(metrics.collect({}), "workqueue_adds_total{name=\"another\"}") == "0");
  CHECK(&metrics.queue("one") == &metrics.queue("one"));
}
