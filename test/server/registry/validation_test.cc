#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

// What the tables of test/data/validation cannot show: what becomes of an object that is taken, and what admission
// says.
using namespace skiff;
using namespace skiff::test;

TEST_CASE("a secret's stringData is folded into its data") {
  Cluster cluster;
  const Json folded =
      *cluster.create(api::kSecrets, Json{{"metadata", {{"name", "s"}}}, {"stringData", {{"a", "hello"}}}});
  CHECK(folded["data"] == Json{{"a", "aGVsbG8="}});
  CHECK(folded["type"] == "Opaque");
  CHECK_FALSE(folded.contains("stringData"));
}

TEST_CASE("a service account keeps the names of its secrets, and nothing else of the references") {
  Cluster cluster;
  const Json created = *cluster.create(
      api::kServiceAccounts,
      Json{{"metadata", {{"name", "robot"}}}, {"secrets", Json::array({{{"name", "s"}, {"namespace", "elsewhere"}}})}});
  CHECK(created["secrets"] == Json::array({{{"name", "s"}}}));
}

TEST_CASE("a node's range of pods stands in the old and the new field") {
  Cluster cluster;
  const Json old_form = *cluster.create(api::kNodes, Json::parse(R"({"metadata":{"name":"n1"},
      "spec":{"podCIDR":"10.0.0.0/24"}})"));
  CHECK(old_form["spec"]["podCIDRs"] == Json::array({"10.0.0.0/24"}));
  const Json new_form = *cluster.create(api::kNodes, Json::parse(R"({"metadata":{"name":"n2"},
      "spec":{"podCIDRs":["10.0.1.0/24"]}})"));
  CHECK(new_form["spec"]["podCIDR"] == "10.0.1.0/24");
}

TEST_CASE("a lease does without the fields of coordinated election, which v1.32 has switched off") {
  Cluster cluster;
  const Json lease = *cluster.create(api::kLeases, Json::parse(R"({"metadata":{"name":"l"},
      "spec":{"holderIdentity":"me","strategy":"OldestEmulationVersion","preferredHolder":"you"}})"));
  CHECK(lease["spec"] == Json{{"holderIdentity", "me"}});
}

TEST_CASE("admission refuses pods in upstream's words") {
  Cluster cluster;
  Json robot = pod("x");
  robot["spec"]["serviceAccountName"] = "robot";
  CHECK(message_of(cluster.create(api::kPods, robot)) ==
        "pods \"x\" is forbidden: error looking up service account default/robot: serviceaccount \"robot\" not found");
  Json vip = pod("x");
  vip["spec"]["priorityClassName"] = "vip";
  CHECK(message_of(cluster.create(api::kPods, vip)) ==
        "pods \"x\" is forbidden: no PriorityClass with name vip was found");
  Json important = pod("x");
  important["spec"]["priority"] = 5;
  CHECK(
      message_of(cluster.create(api::kPods, important)) ==
      "pods \"x\" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission "
      "controller computed 0 from the given PriorityClass name");
}

TEST_CASE("containers that have ended for good do not come back") {
  Cluster cluster;
  Json sent = pod("job");
  sent["spec"]["restartPolicy"] = "OnFailure";
  Json stored = *cluster.create(api::kPods, sent);
  auto with_state = [&stored](const char* state) {
    Json object = stored;
    object["metadata"].erase("resourceVersion");
    object["status"]["containerStatuses"] = Json::parse(R"([{"name":"web","state":)" + std::string(state) + "}]");
    return object;
  };
  constexpr const char* kRunning = R"({"running":{}})";
  REQUIRE(cluster.update(api::kPods, with_state(R"({"terminated":{"exitCode":1}})"), "status"));
  REQUIRE(cluster.update(api::kPods, with_state(kRunning), "status"));  // a failure is tried again
  REQUIRE(cluster.update(api::kPods, with_state(R"({"terminated":{"exitCode":0}})"), "status"));
  CHECK(
      message_of(cluster.update(api::kPods, with_state(kRunning), "status")) ==
      "Pod \"job\" is invalid: status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated "
      "state");
}
