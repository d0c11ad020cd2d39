#include "server/controllers/pods.h"

#include "api/views/meta.h"
#include "test/support/now.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using namespace std::chrono_literals;

namespace {

using test::kNow;

Json pod(const char* phase, const char* ready = "True", std::chrono::seconds since = 0s) {
  return {
      {"metadata", {{"name", "a"}}},
      {"status",
       {{"phase", phase},
        {"conditions", {{{"type", "Ready"}, {"status", ready}, {"lastTransitionTime", format_time(kNow - since)}}}}}}};
}

}  // namespace

TEST_CASE("Pods that have finished or are being deleted are not active") {
  CHECK(is_active(pod("Running")));
  CHECK(is_active(pod("Pending")));
  CHECK(!is_active(pod("Failed")));
  CHECK(!is_active(pod("Succeeded")));
  Json terminating = pod("Running");
  terminating["metadata"]["deletionTimestamp"] = format_time(kNow);
  CHECK(!is_active(terminating));
}

TEST_CASE("A pod is available once it has been ready long enough") {
  CHECK(is_available(pod("Running"), 0s, kNow));
  CHECK(!is_available(pod("Running", "False"), 0s, kNow));
  CHECK(is_available(pod("Running", "True", 30s), 30s, kNow));
  CHECK(!is_available(pod("Running", "True", 29s), 30s, kNow));
  CHECK(available_at(pod("Running", "True", 29s), 30s, kNow) == kNow + 1s);
  CHECK(available_at(pod("Running", "False"), 30s, kNow) == std::nullopt);
}

TEST_CASE("A pod is made from its owner's template") {
  const Json owner = {
      {"metadata", {{"name", "web-1"}, {"namespace", "default"}, {"uid", "rs"}}},
      {"spec",
       {{"template",
         {{"metadata",
           {{"labels", {{"app", "web"}}}, {"annotations", {{"note", "x"}}}, {"creationTimestamp", nullptr}}},
          {"spec", {{"containers", {{{"name", "c"}}}}}}}}}}};
  const Json made = pod_from_template(api::kReplicaSets, owner);
  CHECK(made["metadata"]["generateName"] == "web-1-");
  CHECK(made["metadata"]["labels"] == Json({{"app", "web"}}));
  CHECK(made["metadata"]["annotations"] == Json({{"note", "x"}}));
  CHECK(!made["metadata"].contains("creationTimestamp"));
  CHECK(made["spec"] == owner["spec"]["template"]["spec"]);
  CHECK(api::is_controlled_by(made, owner));
  CHECK((*api::controller_of(made))["kind"] == "ReplicaSet");
}
