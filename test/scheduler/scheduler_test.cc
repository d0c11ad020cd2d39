#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "test/scheduler/running_scheduler.h"

#include <map>

using namespace skiff;
using namespace skiff::test;

namespace {

using Messages = std::vector<std::string>;

}  // namespace

TEST_CASE("Scheduler binds a pod and says so") {
  RunningScheduler fixture;
  fixture.add_node("n1");
  fixture.start();
  fixture.add_pod("a");
  fixture.until([&] { return fixture.node_of("a") == "n1" && !fixture.events("Scheduled").empty(); });
  CHECK(fixture.events("Scheduled") == Messages{"Successfully assigned default/a to n1"});
  const api::ObjectPtr event = fixture.client.peek_all(api::kEvents)[0];
  CHECK(string_at(*event, {"reportingComponent"}) == "default-scheduler");
  CHECK(string_at(*event, {"action"}) == "Binding");
}

TEST_CASE("Scheduler leaves others' pods alone") {
  RunningScheduler fixture;
  fixture.add_node("n1");
  fixture.add_pod("other", R"({"schedulerName": "mine"})");
  fixture.add_pod("gated", R"({"schedulingGates": [{"name": "wait"}]})");
  fixture.add_pod("bound", R"({"nodeName": "n7"})");
  fixture.start();
  fixture.add_pod("ours");
  fixture.until([&] { return fixture.node_of("ours") == "n1"; });
  CHECK(fixture.node_of("other").empty());
  CHECK(fixture.node_of("gated").empty());
  CHECK(fixture.client.count_requests("create pods/binding") == 1);

  fixture.client.modify(api::kPods, {"default", "gated"}, [](Json& pod) { pod["spec"].erase("schedulingGates"); });
  fixture.until([&] { return fixture.node_of("gated") == "n1"; });
}

TEST_CASE("Scheduler reports a pod that fits nowhere, and binds it when that changes") {
  RunningScheduler fixture;
  fixture.add_node("n1", R"({"unschedulable": true})");
  fixture.start();
  fixture.add_pod("a");
  fixture.until([&] { return api::find_condition(fixture.pod("a"), "PodScheduled") != nullptr; });
  const std::string message =
      "0/1 nodes are available: 1 node(s) were unschedulable. preemption: 0/1 nodes are available: 1 Preemption is not "
      "helpful for scheduling.";
  const Json pod = fixture.pod("a");
  const Json* condition = api::find_condition(pod, "PodScheduled");
  CHECK((*condition)["status"] == "False");
  CHECK((*condition)["reason"] == "Unschedulable");
  CHECK((*condition)["message"] == message);
  fixture.until([&] { return !fixture.events("FailedScheduling").empty(); });
  CHECK(fixture.events("FailedScheduling") == Messages{message});

  fixture.client.modify(api::kNodes, {"", "n1"}, [](Json& node) { node["spec"]["unschedulable"] = false; });
  fixture.until([&] { return fixture.node_of("a") == "n1"; });
}

TEST_CASE("Scheduler gives room once, and again when its pod has ended") {
  RunningScheduler fixture;
  fixture.add_node("n1");
  fixture.start();
  fixture.add_pod("a", requesting(R"({"cpu": "3"})"));
  fixture.add_pod("b", requesting(R"({"cpu": "3"})"));
  fixture.until([&] { return !fixture.events("FailedScheduling").empty() && !fixture.node_of("a").empty(); });
  CHECK(fixture.node_of("b").empty());
  fixture.client.modify(api::kPods, {"default", "a"}, [](Json& pod) { pod["status"]["phase"] = "Succeeded"; });
  fixture.until([&] { return fixture.node_of("b") == "n1"; });
}

TEST_CASE("Scheduler tries a binding again that failed, and forgets the room that it took") {
  RunningScheduler fixture;
  fixture.add_node("n1");
  fixture.client.fail("create pods/binding", api::unavailable("the server is busy"));
  fixture.start();
  fixture.add_pod("a", requesting(R"({"cpu": "3"})"));
  fixture.until([&] { return fixture.node_of("a") == "n1"; });
  CHECK(fixture.client.count_requests("create pods/binding") == 2);
  CHECK(fixture.events("FailedScheduling") == Messages{"binding rejected: the server is busy"});
}

namespace {

constexpr const char* kApartFromDb = R"({"affinity": {"podAntiAffinity": {
    "requiredDuringSchedulingIgnoredDuringExecution": [
      {"topologyKey": "disk", "labelSelector": {"matchLabels": {"app": "db"}}, "namespaceSelector": {
        "matchLabels": {"team": "a"}}}]}}})";
constexpr const char* kNearDb = R"({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
    {"topologyKey": "disk", "labelSelector": {"matchLabels": {"app": "db"}}}]}}})";

}  // namespace

TEST_CASE("Scheduler tries pods again that wait for others to come, to go or to change") {
  RunningScheduler fixture;
  fixture.client.put(
      api::kNamespaces,
      {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "default"}, {"labels", {{"team", "a"}}}}}});
  fixture.add_node("n1");
  fixture.start();
  const auto add_db = [&] {
    Json db = pod_object("db", R"({"nodeName": "n1"})");
    db["metadata"]["labels"] = {{"app", "db"}};
    fixture.client.put(api::kPods, db);
  };
  const auto waits = [&](const std::string& reason) {
    const std::string message = "0/1 nodes are available: 1 node(s) didn't match pod " + reason;
    fixture.until([&] { return fixture.events("FailedScheduling").size() == 1; });
    CHECK(fixture.events("FailedScheduling").at(0).rfind(message, 0) == 0);
    CHECK(fixture.node_of("a").empty());
  };
  SECTION("to come") {
    fixture.add_pod("a", kNearDb);
    waits("affinity rules. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.");
    add_db();
  }
  SECTION("to go") {
    add_db();
    fixture.add_pod("a", kApartFromDb);
    waits("anti-affinity rules. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.");
    fixture.client.erase(api::kPods, {"default", "db"});
  }
  SECTION("to have other labels") {
    add_db();
    fixture.add_pod("a", kApartFromDb);
    waits("anti-affinity rules");
    fixture.client.modify(api::kPods, {"default", "db"}, [](Json& pod) { pod["metadata"]["labels"]["app"] = "x"; });
  }
  fixture.until([&] { return fixture.node_of("a") == "n1"; });
}

TEST_CASE("Scheduler tries a pod again whose own labels have changed") {
  RunningScheduler fixture;
  fixture.add_node("n1");
  fixture.start();
  fixture.add_pod("a", kNearDb);
  fixture.until([&] { return fixture.events("FailedScheduling").size() == 1; });
  // It is the first of those that want to be together.
  fixture.client.modify(api::kPods, {"default", "a"}, [](Json& pod) { pod["metadata"]["labels"]["app"] = "db"; });
  fixture.until([&] { return fixture.node_of("a") == "n1"; });
}

TEST_CASE("Scheduler fills many nodes evenly, with many bindings at a time") {
  constexpr int kNodes = 200;
  constexpr int kPods = 1000;
  RunningScheduler fixture;
  for (int i = 0; i < kNodes; ++i) fixture.add_node("n" + std::to_string(i));
  for (int i = 0; i < kPods; ++i) fixture.add_pod("p" + std::to_string(i), requesting(R"({"cpu": "100m"})"));
  fixture.start();
  fixture.until([&] { return fixture.client.count_requests("create pods/binding") == kPods; });
  std::map<std::string, int> pods_on;
  for (const api::ObjectPtr& pod : fixture.client.peek_all(api::kPods))
    ++pods_on[string_at(*pod, {"spec", "nodeName"})];
  CHECK(pods_on.count("") == 0);
  CHECK(pods_on.size() == kNodes);
  for (const auto& [_, count] : pods_on) CHECK(count <= 10);
}
