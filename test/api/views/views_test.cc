#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "api/views/pod.h"

#include <catch2/catch.hpp>

using namespace skiff::api;
using skiff::Json;

namespace {
const skiff::TimePoint kThen = *skiff::parse_time("2026-11-22T14:00:00Z");
const skiff::TimePoint kMoment = *skiff::parse_time("2026-11-22T15:00:00Z");
}  // namespace

TEST_CASE("metadata is read") {
  const Json object = Json::parse(R"({"metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"7",
      "generation":3,"creationTimestamp":"2026-11-22T14:00:00Z","deletionTimestamp":"2026-11-22T15:00:00Z",
      "labels":{"b":"2","a":"1","bad":5},"annotations":{"x":"y"},"finalizers":["f"],
      "ownerReferences":[{"uid":"o1"},{"uid":"o2","controller":true}]}})");
  CHECK(key_of(object) == NamespacedName{"n", "a"});
  CHECK(uid_of(object) == "u");
  CHECK(resource_version_of(object) == "7");
  CHECK(generation_of(object) == 3);
  CHECK(creation_time_of(object) == kThen);
  CHECK(deletion_time_of(object) == kMoment);
  CHECK(is_terminating(object));
  CHECK(*label_of(object, "a") == "1");
  CHECK(label_of(object, "bad") == nullptr);
  CHECK(*annotation_of(object, "x") == "y");
  CHECK(label_attributes(object) == AttributeList{{"a", "1"}, {"b", "2"}});
  CHECK(has_finalizer(object, "f"));
  CHECK_FALSE(has_finalizer(object, "g"));
  CHECK((*controller_of(object))["uid"] == "o2");
  CHECK(is_controlled_by(object, Json::parse(R"({"metadata":{"uid":"o2"}})")));
  CHECK_FALSE(is_controlled_by(object, Json::parse(R"({"metadata":{"uid":"o1"}})")));
}

TEST_CASE("metadata that is missing or malformed reads as empty") {
  const Json object = GENERATE(Json(), Json(5), Json::object(), Json::parse(R"({"metadata":5})"),
                               Json::parse(R"({"metadata":{"name":5,"labels":[],"ownerReferences":{},"finalizers":"f",
                                   "creationTimestamp":null,"deletionTimestamp":null}})"));
  CHECK(key_of(object) == NamespacedName{});
  CHECK(labels_of(object).empty());
  CHECK(owner_references_of(object).empty());
  CHECK(controller_of(object) == nullptr);
  CHECK_FALSE(is_terminating(object));
  CHECK_FALSE(has_finalizer(object, "f"));
  CHECK_FALSE(creation_time_of(object));
}

TEST_CASE("an owner reference names the controller") {
  const Json owner = Json::parse(R"({"metadata":{"name":"web","uid":"u"}})");
  CHECK(controller_reference(kDeployments, owner) ==
        Json::parse(R"({"apiVersion":"apps/v1","kind":"Deployment","name":"web","uid":"u","controller":true,
                        "blockOwnerDeletion":true})"));
}

TEST_CASE("a condition's transition time moves only with its status") {
  Json object = Json::object();
  CHECK(set_condition(object, {"Ready", "False", "Starting", "wait"}, kThen));
  CHECK(object == Json::parse(R"({"status":{"conditions":[{"type":"Ready","status":"False","reason":"Starting",
      "message":"wait","lastTransitionTime":"2026-11-22T14:00:00Z"}]}})"));
  CHECK_FALSE(set_condition(object, {"Ready", "False", "Starting", "wait"}, kMoment, "lastUpdateTime"));
  CHECK(find_condition(object, "Ready")->count("lastUpdateTime") == 0);

  CHECK(set_condition(object, {"Ready", "False", "Pulling", ""}, kMoment, "lastUpdateTime"));
  CHECK(*find_condition(object, "Ready") ==
        Json::parse(R"({"type":"Ready","status":"False","reason":"Pulling","lastTransitionTime":"2026-11-22T14:00:00Z",
                        "lastUpdateTime":"2026-11-22T15:00:00Z"})"));
  object["status"]["conditions"][0]["observedGeneration"] = 2;
  CHECK(set_condition(object, {"Ready", "True", "", ""}, kMoment));
  CHECK((*find_condition(object, "Ready"))["lastTransitionTime"] == "2026-11-22T15:00:00Z");
  CHECK((*find_condition(object, "Ready"))["observedGeneration"] == 2);
  CHECK(is_condition_true(object, "Ready"));

  CHECK(set_condition(object, {"Other", "True", "", ""}, kMoment));
  CHECK(condition_status(object, "None").empty());
  CHECK(remove_condition(object, "Ready"));
  CHECK_FALSE(remove_condition(object, "Ready"));
  CHECK(object["status"]["conditions"].size() == 1);
}

TEST_CASE("a pod's quality of service follows its requests and limits") {
  using Row = std::pair<const char*, const char*>;
  const Row row = GENERATE(
      Row{R"([{}])", "BestEffort"}, Row{R"([{"resources":{"requests":{"cpu":"0"}}}])", "BestEffort"},
      Row{R"([{"resources":{"requests":{"nvidia.com/gpu":"1"}}}])", "BestEffort"},
      Row{R"([{"resources":{"requests":{"cpu":"1"}}}])", "Burstable"},
      Row{R"([{"resources":{"limits":{"cpu":"1"}}}])", "Burstable"},
      Row{R"([{"resources":{"limits":{"cpu":"1","memory":"1Gi"}}}])", "Guaranteed"},
      Row{R"([{"resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1000m","memory":"1024Mi"}}}])",
          "Guaranteed"},
      Row{R"([{"resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m"}}}])", "Burstable"},
      Row{R"([{"resources":{"limits":{"cpu":"1","memory":"1Gi"}}},{}])", "Burstable"});
  INFO(row.first);
  CHECK(compute_qos_class({{"spec", {{"containers", Json::parse(row.first)}}}}) == row.second);
}

TEST_CASE("an init container without limits spoils the guarantee") {
  const Json pod = Json::parse(R"({"spec":{"initContainers":[{}],
      "containers":[{"resources":{"limits":{"cpu":"1","memory":"1Gi"}}}]}})");
  CHECK(compute_qos_class(pod) == "Burstable");
}

TEST_CASE("a pod's state is read") {
  const Json pod = Json::parse(R"({"spec":{"nodeName":"n"},"status":{"phase":"Failed",
      "conditions":[{"type":"Ready","status":"True"}]}})");
  CHECK(node_name_of(pod) == "n");
  CHECK(is_pod_terminated(pod));
  CHECK(is_pod_ready(pod));
  CHECK_FALSE(is_pod_terminated(Json::parse(R"({"status":{"phase":"Running"}})")));
  CHECK_FALSE(is_pod_ready(Json::object()));
}
