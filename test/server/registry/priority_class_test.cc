#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

namespace {

Json priority_class(const std::string& name, std::int64_t value, bool is_default = false) {
  return Json{{"metadata", {{"name", name}}}, {"value", value}, {"globalDefault", is_default}};
}

Json pod_of_class(const std::string& name, const std::string& class_name) {
  Json object = pod(name);
  if (!class_name.empty()) object["spec"]["priorityClassName"] = class_name;
  return object;
}

}  // namespace

TEST_CASE("the two system classes are there from the start and stay") {
  Cluster cluster;
  const Json node = *cluster.get(api::kPriorityClasses, "system-node-critical");
  CHECK(node["value"] == 2'000'001'000);
  CHECK(node["preemptionPolicy"] == "PreemptLowerPriority");
  CHECK((*cluster.get(api::kPriorityClasses, "system-cluster-critical"))["value"] == 2'000'000'000);
  CHECK(message_of(cluster.remove(api::kPriorityClasses, "system-node-critical")) ==
        "priorityclasses.scheduling.k8s.io \"system-node-critical\" is forbidden: this is a system priority class and "
        "cannot be deleted");

  REQUIRE(cluster.create(api::kPriorityClasses, priority_class("vip", 5)));
  CHECK(cluster.remove(api::kPriorityClasses, "vip"));
}

TEST_CASE("priority classes that are refused") {
  struct Row {
    const char* name;
    Json object;
    const char* finding;
  };
  Json bad_policy = priority_class("vip", 5);
  bad_policy["preemptionPolicy"] = "Sometimes";
  const Row rows[] = {
      {"too important", priority_class("vip", 1'000'000'001),
       "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"},
      {"reserved prefix", priority_class("system-mine", 5),
       "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "
       "system-mine is not a known system priority class"},
      {"system class of another value", priority_class("system-node-critical", 5),
       "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "
       "value of system-node-critical PriorityClass must be 2000001000"},
      {"unknown policy", bad_policy,
       "preemptionPolicy: Unsupported value: \"Sometimes\": supported values: \"Never\", \"PreemptLowerPriority\""},
  };
  Cluster cluster;
  for (const Row& row : rows) {
    INFO(row.name);
    const std::string name = string_at(row.object, {"metadata", "name"});
    CHECK(message_of(cluster.create(api::kPriorityClasses, row.object)) ==
          "PriorityClass.scheduling.k8s.io \"" + name + "\" is invalid: " + row.finding);
  }
}

TEST_CASE("a class keeps its value and policy") {
  Cluster cluster;
  Json object = *cluster.create(api::kPriorityClasses, priority_class("vip", 5));
  object["description"] = "for us";
  CHECK(cluster.update(api::kPriorityClasses, object));
  object.erase("metadata");
  object["metadata"]["name"] = "vip";
  object["value"] = 6;
  object["preemptionPolicy"] = "Never";
  CHECK(message_of(cluster.update(api::kPriorityClasses, object)) ==
        "PriorityClass.scheduling.k8s.io \"vip\" is invalid: [preemptionPolicy: Invalid value: \"Never\": field is "
        "immutable, value: Forbidden: may not be changed in an update.]");
}

TEST_CASE("one class at most is the default") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kPriorityClasses, priority_class("common", 5, true)));
  CHECK(message_of(cluster.create(api::kPriorityClasses, priority_class("vip", 9, true))) ==
        "priorityclasses.scheduling.k8s.io \"vip\" is forbidden: PriorityClass common is already marked as default. "
        "Only one default can exist");
  Json vip = *cluster.create(api::kPriorityClasses, priority_class("vip", 9));
  vip["globalDefault"] = true;
  CHECK(cluster.update(api::kPriorityClasses, vip).error().reason == api::Reason::kForbidden);
  Json common = *cluster.get(api::kPriorityClasses, "common");
  common["description"] = "still the default";
  CHECK(cluster.update(api::kPriorityClasses, common));
}

TEST_CASE("pods get the number behind their class") {
  Cluster cluster;
  Json patient = priority_class("patient", 7);
  patient["preemptionPolicy"] = "Never";
  REQUIRE(cluster.create(api::kPriorityClasses, patient));

  const Json named = *cluster.create(api::kPods, pod_of_class("a", "patient"));
  CHECK(named["spec"]["priority"] == 7);
  CHECK(named["spec"]["preemptionPolicy"] == "Never");
  const Json system = *cluster.create(api::kPods, pod_of_class("b", "system-node-critical"));
  CHECK(system["spec"]["priority"] == 2'000'001'000);
  const Json none = *cluster.create(api::kPods, pod_of_class("c", ""));
  CHECK(none["spec"]["priority"] == 0);
  CHECK_FALSE(none["spec"].contains("priorityClassName"));

  Json own_policy = pod_of_class("d", "patient");
  own_policy["spec"]["preemptionPolicy"] = "PreemptLowerPriority";
  CHECK(message_of(cluster.create(api::kPods, own_policy)) ==
        "pods \"d\" is forbidden: the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in "
        "pod spec; priority admission controller computed Never from the given PriorityClass name");

  REQUIRE(cluster.create(api::kPriorityClasses, priority_class("common", 3, true)));
  const Json common = *cluster.create(api::kPods, pod_of_class("e", ""));
  CHECK(common["spec"]["priority"] == 3);
  CHECK(common["spec"]["priorityClassName"] == "common");
}

TEST_CASE("a manifest that is sent again keeps the pod's priority") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kPriorityClasses, priority_class("vip", 5)));
  Json manifest = *cluster.create(api::kPods, pod_of_class("web", "vip"));
  manifest["spec"].erase("priority");
  manifest["spec"].erase("preemptionPolicy");
  const auto updated = cluster.update(api::kPods, manifest);
  REQUIRE(updated);
  CHECK((*updated)["spec"]["priority"] == 5);
  CHECK((*updated)["spec"]["preemptionPolicy"] == "PreemptLowerPriority");
}
