#include "server/controllers/disruption/disruption_controller.h"

#include "test/server/controllers/endpoints/service_objects.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

namespace {

struct DisruptionCluster : Cluster {
  controllers::DisruptionController controller{context()};
  DisruptionCluster() {
    start(controller);
    const api::ObjectPtr deployment = client.put(
        api::kDeployments, Json::parse(R"({"metadata":{"name":"web","namespace":"default"},"spec":{"replicas":4}})"));
    Json set = Json::parse(R"({"metadata":{"name":"web-1","namespace":"default"},"spec":{"replicas":4}})");
    set["metadata"]["ownerReferences"] = Json::array({api::controller_reference(api::kDeployments, *deployment)});
    replica_set = client.put(api::kReplicaSets, set);
  }
  ~DisruptionCluster() { stop(controller); }

  void add_pods(int count, bool ready = true) {
    for (int i = 0; i < count; ++i) {
      const std::string name = (ready ? "r" : "u") + std::to_string(i);
      Json pod = web_pod(name, "10.0.0.1", ready);
      pod["metadata"]["ownerReferences"] = Json::array({api::controller_reference(api::kReplicaSets, *replica_set)});
      client.put(api::kPods, pod);
    }
  }
  void add_budget(const char* spec) {
    Json budget = Json::parse(R"({"metadata":{"name":"b","namespace":"default","generation":1},
                                  "spec":{"selector":{"matchLabels":{"app":"web"}}},"status":{}})");
    budget["spec"].merge_patch(Json::parse(spec));
    client.put(api::kPodDisruptionBudgets, budget);
    settle();
  }
  [[nodiscard]] Json budget() const { return *client.peek(api::kPodDisruptionBudgets, {"default", "b"}); }
  // "allowed: healthy of desired, expected".
  [[nodiscard]] std::string text() const {
    const Json status = budget().at("status");
    return std::to_string(integer_at(status, {"disruptionsAllowed"})) + ": " +
           std::to_string(integer_at(status, {"currentHealthy"})) + " of " +
           std::to_string(integer_at(status, {"desiredHealthy"})) + ", " +
           std::to_string(integer_at(status, {"expectedPods"}));
  }
  [[nodiscard]] std::string reason() const {
    return string_at(*api::find_condition(budget(), "DisruptionAllowed"), {"reason"});
  }

  api::ObjectPtr replica_set;
};

}  // namespace

TEST_CASE("what a budget allows") {
  DisruptionCluster cluster;
  cluster.add_pods(3);
  cluster.add_pods(1, false);
  struct Row {
    const char* spec;
    const char* expected;
    const char* reason;
  };
  const Row rows[] = {{R"({"minAvailable":2})", "1: 3 of 2, 4", "SufficientPods"},
                      {R"({"minAvailable":3})", "0: 3 of 3, 4", "InsufficientPods"},
                      {R"({"minAvailable":"50%"})", "1: 3 of 2, 4", "SufficientPods"},
                      {R"({"minAvailable":"60%"})", "0: 3 of 3, 4", "InsufficientPods"},
                      {R"({"maxUnavailable":2})", "1: 3 of 2, 4", "SufficientPods"},
                      {R"({"maxUnavailable":"30%"})", "1: 3 of 2, 4", "SufficientPods"},
                      {R"({"maxUnavailable":0})", "0: 3 of 4, 4", "InsufficientPods"}};
  for (const Row& row : rows) {
    INFO(row.spec);
    cluster.add_budget(row.spec);
    CHECK(cluster.text() == row.expected);
    CHECK(cluster.reason() == row.reason);
    CHECK(integer_at(cluster.budget(), {"status", "observedGeneration"}) == 1);
    cluster.client.erase(api::kPodDisruptionBudgets, {"default", "b"});
  }
}

TEST_CASE("the scale is that of the Deployment") {
  DisruptionCluster cluster;
  cluster.add_pods(4);
  cluster.client.modify(api::kDeployments, {"default", "web"}, [](Json& object) { object["spec"]["replicas"] = 10; });
  cluster.add_budget(R"({"minAvailable":"50%"})");
  CHECK(cluster.text() == "0: 4 of 5, 10");
}

TEST_CASE("a budget follows its pods") {
  DisruptionCluster cluster;
  cluster.add_budget(R"({"minAvailable":1})");
  CHECK(cluster.text() == "0: 0 of 1, 0");
  CHECK(cluster.events("NoPods") == std::vector<std::string>{"No matching pods found"});
  cluster.add_pods(2);
  cluster.settle();
  CHECK(cluster.text() == "1: 2 of 1, 2");
  cluster.set_ready({"default", "r0"}, false);
  cluster.settle();
  CHECK(cluster.text() == "0: 1 of 1, 2");
  cluster.client.modify(api::kPods, {"default", "r1"},
                        [](Json& pod) { pod["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:30Z"; });
  cluster.settle();
  CHECK(cluster.text() == "0: 0 of 1, 2");
}

TEST_CASE("evictions on their way count until their pod goes, or for two minutes") {
  DisruptionCluster cluster;
  cluster.add_pods(3);
  cluster.add_budget(R"({"minAvailable":1})");
  REQUIRE(cluster.text() == "2: 3 of 1, 3");
  cluster.client.modify(api::kPodDisruptionBudgets, {"default", "b"}, [](Json& budget) {
    budget["status"]["disruptionsAllowed"] = 1;
    budget["status"]["disruptedPods"] = {{"r0", "2026-11-22T12:00:00Z"}, {"gone", "2026-11-22T12:00:00Z"}};
  });
  cluster.settle();
  CHECK(cluster.text() == "1: 2 of 1, 3");
  CHECK(cluster.budget().at("status").at("disruptedPods") == Json::parse(R"({"r0":"2026-11-22T12:00:00Z"})"));

  SECTION("seen") {
    cluster.client.modify(api::kPods, {"default", "r0"},
                          [](Json& pod) { pod["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:30Z"; });
    cluster.settle();
    CHECK(cluster.text() == "1: 2 of 1, 3");
    CHECK_FALSE(cluster.budget().at("status").contains("disruptedPods"));
  }
  SECTION("never seen") {
    cluster.clock.advance(std::chrono::minutes(3));
    cluster.set_ready({"default", "r1"}, false);
    cluster.settle();
    CHECK(cluster.text() == "1: 2 of 1, 3");
    CHECK_FALSE(cluster.budget().at("status").contains("disruptedPods"));
    CHECK(cluster.events("NotDeleted").size() == 1);
  }
}

TEST_CASE("a budget whose pods have no scale allows nothing") {
  DisruptionCluster cluster;
  cluster.add_pods(2);
  cluster.client.modify(api::kPods, {"default", "r0"}, [](Json& pod) {
    pod["metadata"]["ownerReferences"] =
        Json::parse(R"([{"apiVersion":"apps/v1","kind":"DaemonSet","name":"d","uid":"7","controller":true}])");
  });
  cluster.add_budget(R"({"maxUnavailable":1})");
  CHECK(cluster.text().starts_with("0:"));
  CHECK(cluster.reason() == "SyncFailed");
  CHECK(string_at(*api::find_condition(cluster.budget(), "DisruptionAllowed"), {"message"}) ==
        "daemonsets.apps does not implement the scale subresource");
}

TEST_CASE("pods without a controller are told about") {
  DisruptionCluster cluster;
  cluster.client.put(api::kPods, web_pod("alone", "10.0.0.1"));
  cluster.add_budget(R"({"maxUnavailable":1})");
  CHECK(cluster.text() == "0: 1 of 0, 0");
  REQUIRE(cluster.events("UnmanagedPods").size() == 1);
  CHECK(cluster.events("UnmanagedPods")[0].find("(selector: &LabelSelector{MatchLabels:map[string]string{app: web,},"
                                                "MatchExpressions:[]LabelSelectorRequirement{},})") !=
        std::string::npos);
}
