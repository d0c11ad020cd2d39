#include "nodeagent/pressure/eviction_threshold.h"

#include <catch2/catch.hpp>

#include <string>

namespace skiff::nodeagent {

namespace {

// The thresholds as they would be written, in their order; or what is wrong.
std::string round_trip(const std::string& text) {
  const auto thresholds = parse_eviction_thresholds(text);
  if (!thresholds) return thresholds.error().message;
  std::string result;
  for (const EvictionThreshold& threshold : *thresholds) {
    result += std::string(name_of(threshold.signal)) + "<" + threshold.amount_of(1000).to_string() + ";";
  }
  return result;
}

}  // namespace

TEST_CASE("eviction thresholds as --eviction-hard has them") {
  struct Row {
    const char* text;
    const char* expected;
  };
  const Row rows[] = {
      {"", ""},
      {"memory.available<100Mi", "memory.available<100Mi;"},
      {"memory.available<0.5Gi,nodefs.available<10%", "memory.available<512Mi;nodefs.available<100;"},
      {" nodefs.inodesFree < 5% ,pid.available<1k,", "nodefs.inodesFree<50;pid.available<1k;"},
      {"imagefs.available<12.5%,imagefs.inodesFree<100", "imagefs.available<125;imagefs.inodesFree<100;"},
      {"memory.available<1Gi,memory.available<2Gi", "memory.available<2Gi;"},
      {"nodefs.available<0%,imagefs.available<100%", ""},
      {"memory.available<1Gi,memory.available<0%", ""},
      {"memory.available", "malformed pair, expect string<string"},
      {"memory.free<1Gi", "unsupported eviction signal memory.free"},
      {"memory.available<0", "eviction threshold memory.available must be positive: 0"},
      {"memory.available<-1Gi", "eviction threshold memory.available must be positive: -1Gi"},
      {"nodefs.available<-5%", "eviction percentage threshold nodefs.available must be >= 0%: -5%"},
      {"nodefs.available<101%", "eviction percentage threshold nodefs.available must be <= 100%: 101%"},
      {"nodefs.available<much%", "\"much%\" is no percentage"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(round_trip(row.text) == row.expected);
  }
  CHECK_FALSE(round_trip("memory.available<much").empty());
}

TEST_CASE("which thresholds are crossed") {
  const auto thresholds =
      parse_eviction_thresholds("pid.available<10%,imagefs.available<1Gi,memory.available<100Mi,nodefs.inodesFree<5");
  REQUIRE(thresholds);
  const auto met = [&thresholds](const NodeFigures& figures) {
    std::string names;
    for (const auto& threshold : thresholds_met(*thresholds, figures))
      names += std::string(name_of(threshold.signal)) + " ";
    return names;
  };
  CHECK(met({}).empty());
  CHECK(met({{EvictionSignal::kMemoryAvailable, {100 << 20, 1LL << 30}}}).empty());
  CHECK(met({{EvictionSignal::kMemoryAvailable, {(100 << 20) - 1, 1LL << 30}}}) == "memory.available ");
  CHECK(met({{EvictionSignal::kPidAvailable, {3275, 32768}}, {EvictionSignal::kNodeFsInodesFree, {5, 100}}}) ==
        "pid.available ");
  // A capacity of nothing has no part that could be missing.
  CHECK(met({{EvictionSignal::kPidAvailable, {0, 0}}}).empty());
  CHECK(met({{EvictionSignal::kPidAvailable, {0, 32768}},
             {EvictionSignal::kImageFsAvailable, {0, 1}},
             {EvictionSignal::kMemoryAvailable, {0, 1}}}) == "memory.available imagefs.available pid.available ");
}

}  // namespace skiff::nodeagent
