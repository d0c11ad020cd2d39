#include "nodeagent/pressure/node_pressure.h"

#include "test/nodeagent/pods/pod_documents.h"

#include <catch2/catch.hpp>

namespace skiff::nodeagent {

using namespace std::chrono_literals;

namespace {

std::vector<EvictionThreshold> crossed(EvictionSignal signal) {
  EvictionThreshold threshold;
  threshold.signal = signal;
  return {threshold};
}

}  // namespace

TEST_CASE("pressure goes on for a while after it was last seen") {
  const TimePoint start = *parse_time("2026-11-23T05:00:00Z");
  PressureHistory history(5min);
  CHECK_FALSE(history.observe({}, start).any());
  CHECK(history.observe(crossed(EvictionSignal::kMemoryAvailable), start) == NodePressure{true, false, false});
  CHECK(history.observe(crossed(EvictionSignal::kNodeFsInodesFree), start + 1min) == NodePressure{true, true, false});
  CHECK(history.observe({}, start + 5min - 1s) == NodePressure{true, true, false});
  CHECK(history.observe({}, start + 5min) == NodePressure{false, true, false});
  CHECK(history.observe(crossed(EvictionSignal::kPidAvailable), start + 6min) == NodePressure{false, false, true});

  PressureHistory forgetful(0s);
  CHECK(forgetful.observe(crossed(EvictionSignal::kImageFsAvailable), start).disk);
  CHECK_FALSE(forgetful.observe({}, start + 1s).any());
}

TEST_CASE("whom a node under pressure does not take") {
  struct Row {
    const char* name;
    NodePressure pressure;
    const char* spec;  // beside a container without requests
    const char* expected;
  };
  const Row rows[] = {
      {"no pressure", {}, "{}", ""},
      {"little memory", {true, false, false}, "{}", "The node had condition: [MemoryPressure]. "},
      {"little memory, and the pod requests some",
       {true, false, false},
       R"({"containers": [{"name": "main", "resources": {"requests": {"cpu": "1m"}}}]})",
       ""},
      {"little memory, and the pod tolerates that",
       {true, false, false},
       R"({"tolerations": [{"key": "node.kubernetes.io/memory-pressure", "operator": "Exists"}]})",
       ""},
      {"little memory, and the pod tolerates something else",
       {true, false, false},
       R"({"tolerations": [{"key": "node.kubernetes.io/disk-pressure", "operator": "Exists"}]})",
       "The node had condition: [MemoryPressure]. "},
      {"a full disk, and the pod tolerates everything",
       {false, true, false},
       R"({"tolerations": [{"operator": "Exists"}]})",
       "The node had condition: [DiskPressure]. "},
      {"everything", {true, true, true}, "{}", "The node had condition: [MemoryPressure DiskPressure PIDPressure]. "},
      {"everything, but the cluster needs the pod", {true, true, true}, R"({"priority": 2000001000})", ""},
      {"important is not critical",
       {false, false, true},
       R"({"priority": 1000000000})",
       "The node had condition: [PIDPressure]. "},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Json pod = test::make_pod();
    pod["spec"].update(Json::parse(row.spec));
    CHECK(refuse_under_pressure(pod, row.pressure).value_or("") == row.expected);
  }
}

}  // namespace skiff::nodeagent
