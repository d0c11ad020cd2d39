#include "nodeagent/usage/host_usage.h"
#include "nodeagent/usage/usage_history.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>

#include <fstream>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;

namespace {

const TimePoint kUsageStart = *parse_time("2026-11-22T12:00:00Z");

UsageSample sample_at(std::chrono::seconds time, std::int64_t cpu_milliseconds) {
  UsageSample sample;
  sample.time = kUsageStart + time;
  sample.cpu_nanoseconds = cpu_milliseconds * 1'000'000;
  sample.memory_bytes = 100;
  return sample;
}

void add_container(UsageSample& sample, const std::string& id, const std::string& pod, const std::string& name,
                   std::int64_t cpu_milliseconds) {
  sample.containers[id] = {{"default", pod}, name, cpu_milliseconds * 1'000'000, 7};
}

}  // namespace

TEST_CASE("when the use of a node is measured") {
  UsageHistory history;
  CHECK(history.samples_due(kUsageStart) == 2);
  history.add(sample_at(0s, 0));
  CHECK(history.samples_due(kUsageStart + 1s) == 1);
  history.add(sample_at(1s, 0));
  struct Row {
    std::chrono::seconds age;
    int due;
  };
  for (const Row& row : {Row{0s, 0}, {14s, 0}, {15s, 1}, {60s, 1}, {61s, 2}, {-1s, 2}}) {
    INFO(row.age.count());
    CHECK(history.samples_due(kUsageStart + 1s + row.age) == row.due);
  }
}

TEST_CASE("what is used in a second, between the last two samples") {
  UsageHistory history;
  CHECK(history.usage().window == 0ns);
  UsageSample first = sample_at(0s, 1000);
  add_container(first, "c1", "web", "app", 500);
  add_container(first, "c2", "web", "side", 0);
  add_container(first, "c3", "restarted", "app", 0);
  add_container(first, "c4", "restarted", "side", 0);
  history.add(first);
  CHECK(history.usage().window == 0ns);

  UsageSample second = sample_at(10s, 6000);
  add_container(second, "c1", "web", "app", 2500);
  add_container(second, "c2", "web", "side", 0);
  add_container(second, "c4", "restarted", "side", 0);
  add_container(second, "c5", "restarted", "app", 10);
  add_container(second, "c6", "young", "app", 10);
  history.add(second);
  const api::NodeUsage usage = history.usage();
  CHECK(usage.time == kUsageStart + 10s);
  CHECK(usage.window == 10s);
  CHECK(usage.cpu_nanocores == 500'000'000);
  CHECK(usage.memory_bytes == 100);
  REQUIRE(usage.pods.size() == 1);
  CHECK(usage.pods[0].pod.name == "web");
  REQUIRE(usage.pods[0].containers.size() == 2);
  CHECK(usage.pods[0].containers[0].name == "app");
  CHECK(usage.pods[0].containers[0].cpu_nanocores == 200'000'000);
  CHECK(usage.pods[0].containers[0].memory_bytes == 7);
  CHECK(usage.pods[0].containers[1].cpu_nanocores == 0);

  // The window moves on; a counter that went back is no negative use.
  UsageSample third = sample_at(30s, 5000);
  add_container(third, "c6", "young", "app", 30);
  history.add(third);
  CHECK(history.usage().window == 20s);
  CHECK(history.usage().cpu_nanocores == 0);
  REQUIRE(history.usage().pods.size() == 1);
  CHECK(history.usage().pods[0].containers[0].cpu_nanocores == 1'000'000);
}

TEST_CASE("what a machine uses") {
  test::TempDir proc;
  CHECK(read_host_usage(proc.path()).cpu_nanoseconds == 0);
  std::ofstream(proc / "stat") << "cpu  100 20 30 4000 500 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
  std::ofstream(proc / "meminfo") << "MemTotal:  1000 kB\nMemFree:  300 kB\nInactive:  9 kB\nInactive(file):  200 kB\n";
  const HostUsage usage = read_host_usage(proc.path());
  CHECK(usage.cpu_nanoseconds == 1'630'000'000);
  CHECK(usage.memory_bytes == 500 * 1024);
}
