#include "scheduler/scheduling_metrics.h"

#include "test/scheduler/running_scheduler.h"
#include "test/support/samples.h"

#include <catch2/catch.hpp>

using namespace skiff::scheduler;
using namespace skiff::test;
using namespace std::chrono_literals;

namespace {

std::string attempts(const std::string& result) {
  return "scheduler_schedule_attempts_total{profile=\"default-scheduler\",result=\"" + result + "\"}";
}

std::string attempt_seconds(const std::string& result) {
  return "scheduler_scheduling_attempt_duration_seconds_sum{profile=\"default-scheduler\",result=\"" + result + "\"}";
}

}  // namespace

TEST_CASE("attempts to schedule are counted and timed by their results") {
  SchedulingMetrics metrics;
  const SchedulingQueue queue;
  const SchedulingMetrics::Time now{};
  const auto figure = [&](const std::string& name) { return sample_in(metrics.collect(queue), name); };
  CHECK(figure(attempts("scheduled")) == "0");

  metrics.failed(SchedulingMetrics::Failure::kUnschedulable, {1, now, now}, now + 1s);
  metrics.failed(SchedulingMetrics::Failure::kError, {2, now, now + 4s}, now + 6s);
  metrics.scheduled({3, now, now + 10s}, now + 14s);
  metrics.scheduled({20, now, now}, now + 1s);
  CHECK(figure(attempts("unschedulable")) == "1");
  CHECK(figure(attempt_seconds("unschedulable")) == "1");
  CHECK(figure(attempts("error")) == "1");
  CHECK(figure(attempt_seconds("error")) == "2");
  CHECK(figure(attempts("scheduled")) == "2");
  CHECK(figure(attempt_seconds("scheduled")) == "5");
  CHECK(figure("scheduler_pod_scheduling_sli_duration_seconds_sum{attempts=\"3\"}") == "14");
  CHECK(figure("scheduler_pod_scheduling_sli_duration_seconds_sum{attempts=\"15+\"}") == "1");
  CHECK(figure("scheduler_pod_scheduling_attempts_sum") == "23");
  metrics.chosen(500ms);
  CHECK(figure("scheduler_scheduling_algorithm_duration_seconds_sum") == "0.5");
}

TEST_CASE("a scheduler shows what it does") {
  RunningScheduler scheduling;
  const auto figure = [&](const std::string& name) { return sample_in(scheduling.scheduler.metrics(), name); };
  scheduling.add_pod("early");
  scheduling.start();
  scheduling.until([&] { return figure("scheduler_pending_pods{queue=\"unschedulable\"}") == "1"; });
  CHECK(figure(attempts("unschedulable")) == "1");
  scheduling.add_node("n1");
  scheduling.until([&] { return !scheduling.node_of("early").empty(); });
  scheduling.until([&] { return figure(attempts("scheduled")) == "1"; });
  CHECK(figure("scheduler_pending_pods{queue=\"unschedulable\"}") == "0");
  CHECK(figure("scheduler_pod_scheduling_attempts_sum") == "2");
}
