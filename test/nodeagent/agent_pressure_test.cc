// The agent on a node that runs low on memory, simulated.
#include "test/nodeagent/simulated_node.h"

#include <atomic>

namespace skiff::test {

namespace {

struct NodeUnderPressure : Node {
  std::atomic<std::int64_t> available{1LL << 40};
  std::atomic<int> looks{0};

  explicit NodeUnderPressure(bool evict = true) {
    PressureWatch::Options pressure;
    pressure.thresholds = *parse_eviction_thresholds("memory.available<100Mi");
    pressure.evict = evict;
    pressure.period = 1ms;
    pressure.measure = [this] {
      ++looks;
      return NodeFigures{{EvictionSignal::kMemoryAvailable, {available, 1LL << 40}}};
    };
    options.pressure = std::move(pressure);
  }
  ~NodeUnderPressure() { stop(); }

  void put_pod(const std::string& name, std::int64_t priority, const char* memory_request) {
    Json pod = make_pod(name);
    pod["spec"]["priority"] = priority;
    if (*memory_request != 0) {
      pod["spec"]["containers"][0]["resources"]["requests"] = {{"memory", memory_request}};
    }
    client.put(api::kPods, pod);
  }
  std::string pressure_condition() {
    const api::ObjectPtr node = client.peek(api::kNodes, {"", "n1"});
    if (!node) return "";
    const Json& condition = *condition_of(node->at("status"), "MemoryPressure");
    return string_at(condition, {"status"}) + " " + string_at(condition, {"reason"}) + " " +
           string_at(condition, {"message"});
  }
};

}  // namespace

TEST_CASE("a node under pressure evicts pods") {
  NodeUnderPressure node;
  node.start();
  CHECK(node.pressure_condition() == "False KubeletHasSufficientMemory kubelet has sufficient memory available");
  node.put_pod("web", 0, "");
  node.put_pod("important", 2000000000, "");
  node.until([&] { return node.phase() == "Running" && node.phase("important") == "Running"; });
  node.available = 1 << 20;
  node.until([&] { return node.phase() == "Failed"; });

  const Json status = node.pod()["status"];
  const std::string message =
      "The node was low on resource: memory. Threshold quantity: 100Mi, available: 1Mi. "
      "Container main was using 1Mi, request is 0, has larger consumption of memory. ";
  CHECK(status["reason"] == "Evicted");
  CHECK(status["message"] == message);
  CHECK(status["containerStatuses"][0]["state"].contains("terminated"));
  const Json* disruption = condition_of(status, "DisruptionTarget");
  REQUIRE(disruption != nullptr);
  CHECK((*disruption)["status"] == "True");
  CHECK((*disruption)["reason"] == "TerminationByKubelet");
  CHECK((*disruption)["message"] == message);
  CHECK(string_at(*condition_of(status, "Ready"), {"reason"}) == "PodFailed");
  const std::vector<std::string> events = {
      "EvictionThresholdMet: Attempting to reclaim memory", "Evicted: " + message,
      "NodeHasInsufficientMemory: Node n1 status is now: NodeHasInsufficientMemory"};
  for (const std::string& event : events) {
    INFO(event);
    node.until([&] { return node.event_messages().contains(event); });
  }
  CHECK(node.pressure_condition() == "True KubeletHasInsufficientMemory kubelet has insufficient memory available");

  SECTION("not those that the cluster needs") {
    node.put_pod("other", 0, "1Gi");
    node.until([&] { return node.phase("other") == "Failed"; });
    CHECK(node.phase("important") == "Running");
  }
  SECTION("and takes no new ones that ask for nothing") {
    node.put_pod("late", 0, "");
    node.until([&] { return node.phase("late") == "Failed"; });
    const Json refused = node.pod("late")["status"];
    CHECK(refused["reason"] == "Evicted");
    CHECK(refused["message"] == "Pod was rejected: The node had condition: [MemoryPressure]. ");
    CHECK_FALSE(refused.contains("containerStatuses"));
    node.until([&] { return node.event_messages().contains("Evicted: The node had condition: [MemoryPressure]. "); });
  }
  SECTION("until it has what it needs") {
    node.available = 1LL << 40;
    // What was measured before must not be seen after so long a time.
    node.until([&, seen = node.looks.load()] { return node.looks >= seen + 2; });
    node.clock.advance(6min);
    node.until([&] { return node.pressure_condition().starts_with("False"); });
    node.put_pod("late", 0, "");
    node.until([&] { return node.phase("late") == "Running"; });
  }
}

TEST_CASE("a node that nobody asked to evict only tells") {
  NodeUnderPressure node(false);
  node.start();
  node.put_pod("web", 0, "");
  node.until_running();
  node.available = 1 << 20;
  node.until([&] { return node.pressure_condition().starts_with("True"); });
  node.put_pod("late", 0, "");
  node.until([&] { return node.phase("late") == "Running"; });
  CHECK(node.phase() == "Running");
}

}  // namespace skiff::test
