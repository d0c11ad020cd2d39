#include "server/controllers/replica_set/replica_tally.h"

#include "api/resource.h"
#include "api/views/meta.h"
#include "test/support/now.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;

namespace {

using std::chrono::seconds;
using test::kNow;

const Json kLabels = {{"app", "web"}};
const Json kOwner = {{"metadata", {{"name", "web-1"}, {"uid", "rs"}}},
                     {"spec", {{"template", {{"metadata", {{"labels", kLabels}}}}}}}};

Json tallied_pod(const std::string& name, const std::string& phase = "Pending", const Json& labels = kLabels) {
  Json owners = Json::array({api::controller_reference(api::kReplicaSets, kOwner)});
  return {{"metadata", {{"name", name}, {"uid", name}, {"labels", labels}, {"ownerReferences", std::move(owners)}}},
          {"status", {{"phase", phase}}}};
}

Json ready_pod(const std::string& name, int ready_seconds, const Json& labels = kLabels) {
  Json pod = tallied_pod(name, "Running", labels);
  pod["status"]["conditions"] = {{{"type", "Ready"}, {"status", "True"}}};
  if (ready_seconds >= 0) {
    pod["status"]["conditions"][0]["lastTransitionTime"] = format_time(kNow - seconds(ready_seconds));
  }
  return pod;
}

}  // namespace

TEST_CASE("ReplicaTallies count the pods of an owner") {
  ReplicaTallies tallies("ReplicaSet");
  const auto counts = [&](int min_ready = 0) {
    Json owner = kOwner;
    owner["spec"]["minReadySeconds"] = min_ready;
    return tallies.of("rs").counts(owner, kNow);
  };
  CHECK(tallies.of("rs").empty());
  CHECK(counts().active == 0);

  tallies.set(tallied_pod("a"));
  tallies.set(tallied_pod("b"));
  CHECK(counts().active == 2);
  CHECK(counts().fully_labeled == 2);
  CHECK(counts().ready == 0);

  SECTION("each as it is now") {
    tallies.set(ready_pod("a", 30));
    tallies.set(ready_pod("a", 30));
    CHECK(counts().active == 2);
    CHECK(counts().ready == 1);
    CHECK(counts().available == 1);
    tallies.set(tallied_pod("a", "Failed"));
    CHECK(counts().active == 1);
    CHECK(counts().ready == 0);
    Json terminating = ready_pod("b", 30);
    terminating["metadata"]["deletionTimestamp"] = format_time(kNow);
    tallies.set(terminating);
    CHECK(counts().active == 0);
    tallies.remove("a");
    tallies.remove("b");
    tallies.remove("b");
    CHECK(tallies.of("rs").empty());
  }
  SECTION("available once they have been ready for long enough") {
    tallies.set(ready_pod("a", 30));
    tallies.set(ready_pod("b", 29));
    tallies.set(ready_pod("c", 10));
    tallies.set(ready_pod("untimed", -1));
    CHECK(counts(30).ready == 4);
    CHECK(counts(30).available == 1);
    CHECK(counts(30).next_available == kNow + seconds(1));
    CHECK(counts().available == 4);
    CHECK(!counts().next_available);
    tallies.remove("b");
    CHECK(counts(30).next_available == kNow + seconds(20));
  }
  SECTION("and those apart whose labels differ") {
    const auto selector = api::LabelSelector::from_object({{"matchLabels", {{"app", "web"}}}});
    CHECK(tallies.of("rs").all_match(*selector));
    tallies.set(tallied_pod("more", "Running", {{"app", "web"}, {"tier", "front"}}));
    CHECK(tallies.of("rs").all_match(*selector));
    CHECK(counts().fully_labeled == 3);
    tallies.set(tallied_pod("a", "Failed", {{"app", "debug"}}));
    CHECK(!tallies.of("rs").all_match(*selector));
    tallies.set(tallied_pod("a", "Running", {{"app", "debug"}}));
    CHECK(counts().active == 3);
    CHECK(counts().fully_labeled == 2);
    tallies.remove("a");
    CHECK(tallies.of("rs").all_match(*selector));
  }
  SECTION("not those of others, also when a pod changes hands") {
    Json released = tallied_pod("a");
    released["metadata"].erase("ownerReferences");
    tallies.set(released);
    CHECK(counts().active == 1);
    Json of_a_job = tallied_pod("b");
    of_a_job["metadata"]["ownerReferences"][0]["kind"] = "Job";
    tallies.set(of_a_job);
    CHECK(tallies.of("rs").empty());
  }
}
