#include "server/controllers/replica_set/plan.h"

#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "test/support/now.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using api::ObjectPtr;

namespace {

using test::kNow;

Json replica_set(int replicas) {
  return {{"metadata", {{"name", "web-1"}, {"namespace", "default"}, {"uid", "rs"}, {"generation", 3}}},
          {"spec", {{"replicas", replicas}, {"template", {{"metadata", {{"labels", {{"app", "web"}}}}}}}}}};
}

// What differs between pods in these tests.
struct ReplicaShape {
  std::string name;
  std::string node = "n1";
  std::string phase = "Running";
  int ready_seconds = 100;  // < 0: not ready
  int restarts = 0;
  int age_seconds = 1000;
  std::string cost = "";
};

ObjectPtr replica(const ReplicaShape& shape) {
  Json object = {{"metadata",
                  {{"name", shape.name},
                   {"uid", shape.name},
                   {"labels", {{"app", "web"}}},
                   {"creationTimestamp", format_time(kNow - std::chrono::seconds(shape.age_seconds))}}},
                 {"spec", Json::object()},
                 {"status", {{"phase", shape.phase}, {"containerStatuses", {{{"restartCount", shape.restarts}}}}}}};
  if (!shape.node.empty()) object["spec"]["nodeName"] = shape.node;
  if (!shape.cost.empty()) {
    object["metadata"]["annotations"]["controller.kubernetes.io/pod-deletion-cost"] = shape.cost;
  }
  const bool ready = shape.ready_seconds >= 0;
  object["status"]["conditions"] = {
      {{"type", "Ready"},
       {"status", ready ? "True" : "False"},
       {"lastTransitionTime", format_time(kNow - std::chrono::seconds(shape.ready_seconds))}}};
  return std::make_shared<const Json>(std::move(object));
}

}  // namespace

TEST_CASE("plan_replicas") {
  struct Row {
    const char* name;
    int wanted;
    std::size_t present, create, remove;
  };
  const Row rows[] = {
      {"nothing to do", 3, 3, 0, 0},
      {"some are missing", 5, 2, 3, 0},
      {"too many", 2, 5, 0, 3},
      {"all must go", 0, 2, 0, 2},
      {"no more than a burst", 2000, 0, 500, 0},
      {"no more than a burst either way", 0, 600, 0, 500},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const ReplicaPlan plan = plan_replicas(replica_set(row.wanted), row.present);
    CHECK(plan.create == row.create);
    CHECK(plan.remove == row.remove);
  }
}

TEST_CASE("Pods are removed in upstream's order") {
  struct Row {
    const char* name;
    ReplicaShape first, second;
  };
  const Row rows[] = {
      {"unassigned before assigned", {.name = "z", .node = ""}, {.name = "a"}},
      {"pending before running", {.name = "z", .phase = "Pending"}, {.name = "a"}},
      {"pending before unknown", {.name = "z", .phase = "Pending"}, {.name = "a", .phase = "Unknown"}},
      {"not ready before ready", {.name = "z", .ready_seconds = -1}, {.name = "a"}},
      {"cheap before expensive", {.name = "z", .cost = "-5"}, {.name = "a", .cost = "3"}},
      {"doubled up before alone", {.name = "z", .node = "full"}, {.name = "a"}},
      {"ready for a shorter time before longer", {.name = "z", .ready_seconds = 10}, {.name = "a"}},
      {"restarted more often before less", {.name = "z", .restarts = 4}, {.name = "a", .restarts = 1}},
      {"younger before older", {.name = "z", .age_seconds = 200}, {.name = "a"}},
      {"of the same order of age by uid", {.name = "a", .age_seconds = 1000}, {.name = "z", .age_seconds = 900}},
      {"readiness before cost", {.name = "z", .ready_seconds = -1, .cost = "100"}, {.name = "a", .cost = "1"}},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      std::vector<ObjectPtr> pods = {replica(row.second), replica(row.first)};
      sort_for_deletion(pods, {{"full", 3}, {"n1", 1}}, kNow);
      CHECK(api::name_of(*pods[0]) == row.first.name);
    }
  }
}

TEST_CASE("replica_set_status") {
  Json set = replica_set(4);
  ReplicaCounts counts;
  counts.active = 4;
  counts.fully_labeled = 3;
  counts.ready = 3;
  counts.available = 1;
  const Json status = replica_set_status(set, counts, std::nullopt, kNow);
  CHECK(status == Json::parse(R"({"replicas": 4, "fullyLabeledReplicas": 3, "readyReplicas": 3,
                                  "availableReplicas": 1, "observedGeneration": 3})"));

  SECTION("none at all still has its number of replicas") {
    const Json none = replica_set_status(set, ReplicaCounts(), std::nullopt, kNow);
    CHECK(none == Json({{"replicas", 0}, {"observedGeneration", 3}}));
  }
  SECTION("a failure is a condition until it is over") {
    const PodFailure failure{"FailedCreate", "exceeded quota"};
    set["status"] = replica_set_status(set, counts, failure, kNow);
    const Json* condition = api::find_condition(set, "ReplicaFailure");
    REQUIRE(condition != nullptr);
    CHECK((*condition)["reason"] == "FailedCreate");
    CHECK((*condition)["message"] == "exceeded quota");
    CHECK((*condition)["lastTransitionTime"] == format_time(kNow));
    set["status"] = replica_set_status(set, counts, std::nullopt, kNow);
    CHECK(!set["status"].contains("conditions"));
  }
}
