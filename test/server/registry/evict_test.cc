#include "api/views/conditions.h"
#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

namespace {

struct Fixture : Cluster {
  Fixture() {
    Json web = pod("web");
    web["metadata"]["labels"] = {{"app", "web"}};
    REQUIRE(create(api::kPods, web));
  }

  void set_pod(const char* phase, bool ready) {
    Json status{{"phase", phase},
                {"conditions", Json::array({{{"type", "Ready"}, {"status", ready ? "True" : "False"}}})}};
    REQUIRE(patch(api::kPods, "web", api::PatchType::kMerge, {{"status", std::move(status)}}, "status"));
  }
  // A budget as the controller left it.
  void add_budget(const std::string& name, const char* status, const char* spec = "{}") {
    Json budget = Json::parse(R"({"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}})");
    budget["metadata"]["name"] = name;
    budget["spec"].merge_patch(Json::parse(spec));
    REQUIRE(create(api::kPodDisruptionBudgets, budget));
    REQUIRE(
        patch(api::kPodDisruptionBudgets, name, api::PatchType::kMerge, {{"status", Json::parse(status)}}, "status"));
  }
  api::Result<void> evict(api::DeleteOptions options = {}) {
    return run(io, registry.evict(context, {"default", "web"}, std::move(options)));
  }
  [[nodiscard]] bool is_evicted() {
    const auto left = get(api::kPods, "web");
    return !left || api::is_terminating(*left);
  }
};

constexpr const char* kRefusal = "Cannot evict pod as it would violate the pod's disruption budget.";

}  // namespace

TEST_CASE("an eviction takes a disruption from the budget") {
  Fixture cluster;
  cluster.set_pod("Running", true);
  cluster.add_budget("b", R"({"observedGeneration":1,"disruptionsAllowed":1,"currentHealthy":2,"desiredHealthy":1})");
  SECTION("and marks the pod") {
    // It is on a node, which has to confirm its end.
    REQUIRE(run(cluster.io,
                cluster.registry.bind(cluster.context, {"default", "web"}, Json{{"target", {{"name", "n1"}}}})));
    REQUIRE(cluster.evict());
    const Json left = *cluster.get(api::kPods, "web");
    CHECK(api::is_terminating(left));
    const Json* condition = api::find_condition(left, "DisruptionTarget");
    REQUIRE(condition != nullptr);
    CHECK(string_at(*condition, {"status"}) == "True");
    CHECK(string_at(*condition, {"reason"}) == "EvictionByEvictionAPI");
    CHECK(string_at(*condition, {"message"}) == "Eviction API: evicting");
  }
  SECTION("but not when it is a dry run") {
    cluster.context.dry_run = true;
    REQUIRE(cluster.evict());
    CHECK_FALSE(cluster.is_evicted());
    CHECK(integer_at(*cluster.get(api::kPodDisruptionBudgets, "b"), {"status", "disruptionsAllowed"}) == 1);
    return;
  }
  if (!cluster.is_evicted()) REQUIRE(cluster.evict());
  const Json budget = *cluster.get(api::kPodDisruptionBudgets, "b");
  CHECK(integer_at(budget, {"status", "disruptionsAllowed"}) == 0);
  CHECK(budget.at("status").at("disruptedPods").at("web") == "2026-11-22T10:00:00Z");
  CHECK(string_at(*api::find_condition(budget, "DisruptionAllowed"), {"reason"}) == "InsufficientPods");
}

TEST_CASE("evictions that the budget does not allow") {
  Fixture cluster;
  cluster.set_pod("Running", true);
  api::Result<void> refused;
  SECTION("none is left") {
    cluster.add_budget("b", R"({"observedGeneration":1,"disruptionsAllowed":0,"currentHealthy":1,"desiredHealthy":1})");
    refused = cluster.evict();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().causes.at(0).message == "The disruption budget b needs 1 healthy pods and has 1 currently");
    CHECK(refused.error().retry_after_seconds == 0);
  }
  SECTION("the budget has just been changed") {
    cluster.add_budget("b", R"({"disruptionsAllowed":1})");
    refused = cluster.evict();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().causes.at(0).message == "The disruption budget b is still being processed by the server.");
    CHECK(refused.error().retry_after_seconds == 10);
  }
  CHECK(refused.error().code() == 429);
  CHECK(refused.error().reason == api::Reason::kTooManyRequests);
  CHECK(refused.error().message == kRefusal);
  CHECK(refused.error().causes.at(0).reason == "DisruptionBudget");
  CHECK_FALSE(cluster.is_evicted());
}

TEST_CASE("more budgets than one are not supported") {
  Fixture cluster;
  cluster.set_pod("Running", true);
  cluster.add_budget("a", R"({"observedGeneration":1,"disruptionsAllowed":1})");
  cluster.add_budget("b", R"({"observedGeneration":1,"disruptionsAllowed":1})");
  const auto refused = cluster.evict();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == 500);
  CHECK(refused.error().message ==
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
}

TEST_CASE("pods that no budget protects") {
  Fixture cluster;
  constexpr const char* kNone = R"({"observedGeneration":1,"disruptionsAllowed":0,"currentHealthy":0,
                                    "desiredHealthy":1})";
  SECTION("pending") { cluster.add_budget("b", kNone); }
  SECTION("ended") {
    cluster.set_pod("Failed", false);
    cluster.add_budget("b", kNone);
  }
  SECTION("of another budget") {
    cluster.set_pod("Running", true);
    cluster.add_budget("b", kNone, R"({"selector":{"matchLabels":{"app":"other"}}})");
  }
  SECTION("not ready, when enough others are") {
    cluster.set_pod("Running", false);
    cluster.add_budget("b", R"({"observedGeneration":1,"disruptionsAllowed":0,"currentHealthy":1,"desiredHealthy":1})");
  }
  SECTION("not ready, when that does not matter") {
    cluster.set_pod("Running", false);
    cluster.add_budget("b", kNone, R"({"unhealthyPodEvictionPolicy":"AlwaysAllow"})");
  }
  CHECK(cluster.evict());
  CHECK(cluster.is_evicted());
}

TEST_CASE("a pod that is not ready is protected while others are missing") {
  Fixture cluster;
  cluster.set_pod("Running", false);
  cluster.add_budget("b", R"({"observedGeneration":1,"disruptionsAllowed":0,"currentHealthy":0,"desiredHealthy":1})");
  CHECK(message_of(cluster.evict()) == kRefusal);
}

TEST_CASE("an eviction respects preconditions") {
  Fixture cluster;
  api::DeleteOptions options;
  options.uid = "other";
  CHECK(cluster.evict(options).error().reason == api::Reason::kConflict);
  CHECK_FALSE(cluster.is_evicted());
  CHECK(run(cluster.io, cluster.registry.evict(cluster.context, {"default", "none"}, {})).error().reason ==
        api::Reason::kNotFound);
}

TEST_CASE("PodDisruptionBudgets: defaults, generation and validation") {
  Cluster cluster;
  const Json base = Json::parse(R"({"metadata":{"name":"b"},"spec":{"selector":{"matchLabels":{"app":"web"}}}})");
  auto with = [&base](const char* spec) {
    Json budget = base;
    budget["spec"].merge_patch(Json::parse(spec));
    return budget;
  };
  const Json made = *cluster.create(api::kPodDisruptionBudgets, with(R"({"maxUnavailable":"50%"})"));
  CHECK(made.at("status") == Json::parse(R"({"currentHealthy":0,"desiredHealthy":0,"disruptionsAllowed":0,
                                             "expectedPods":0})"));
  CHECK(made.at("metadata").at("generation") == 1);
  Json update = made;
  update["metadata"].erase("resourceVersion");
  CHECK(message_of(cluster.update(api::kPodDisruptionBudgets, update)) ==
        "poddisruptionbudgets.policy \"b\" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified "
        "for an update");
  CHECK(cluster
            .patch(api::kPodDisruptionBudgets, "b", api::PatchType::kMerge,
                   Json::parse(R"({"spec":{"maxUnavailable":2}})"))
            ->at("metadata")
            .at("generation") == 2);
  CHECK(
      message_of(cluster.patch(api::kPodDisruptionBudgets, "b", api::PatchType::kMerge,
                               Json::parse(R"({"status":{"currentHealthy":-1}})"), "status")) ==
      "PodDisruptionBudget.policy \"b\" is invalid: status.currentHealthy: Invalid value: -1: must be greater than or "
      "equal to 0");

  cluster.context.dry_run = true;
  struct Row {
    const char* spec;
    const char* expected;
  };
  const Row rows[] = {
      {R"({"minAvailable":-1})", "spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"},
      {R"({"minAvailable":"101%"})",
       R"(spec.minAvailable: Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:"101%"}: )"
       "must not be greater than 100%"},
      {R"({"maxUnavailable":"x"})",
       R"(spec.maxUnavailable: Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:"x"}: )"
       "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used "
       "for validation is '[0-9]+%')"},
      {R"({"unhealthyPodEvictionPolicy":"Never"})",
       "spec.unhealthyPodEvictionPolicy: Unsupported value: \"Never\": supported values: \"AlwaysAllow\", "
       "\"IfHealthyBudget\""},
  };
  for (const Row& row : rows) {
    INFO(row.spec);
    Json budget = with(row.spec);
    budget["metadata"]["name"] = "x";
    CHECK(message_of(cluster.create(api::kPodDisruptionBudgets, budget)) ==
          "PodDisruptionBudget.policy \"x\" is invalid: " + std::string(row.expected));
  }
}
