#include "api/go_syntax.h"
#include "test/server/registry/cluster.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

namespace {

Json quota(const char* spec, const std::string& name = "compute") {
  return Json{{"metadata", {{"name", name}}}, {"spec", Json::parse(spec)}};
}

// A quota as the controller leaves it when there was nothing to count.
void enforce(Cluster& cluster, const char* spec, const std::string& name = "compute") {
  Json object = *cluster.create(api::kResourceQuotas, quota(spec, name));
  Json used = Json::object();
  for (const auto& [resource, amount] : object["spec"]["hard"].items()) used[resource] = "0";
  object["status"] = {{"hard", object["spec"]["hard"]}, {"used", used}};
  REQUIRE(cluster.update(api::kResourceQuotas, object, "status"));
}

Json used(Cluster& cluster, const std::string& name = "compute") {
  return (*cluster.get(api::kResourceQuotas, name))["status"]["used"];
}

Json pod_with(const std::string& name, const char* resources) {
  Json object = pod(name);
  object["spec"]["containers"][0]["resources"] = Json::parse(resources);
  return object;
}

}  // namespace

TEST_CASE("quotas that are refused") {
  struct Row {
    const char* spec;
    std::string finding;
  };
  const Row rows[] = {
      {R"({"hard":{"disk":"1"}})",
       R"([spec.hard[disk]: Invalid value: "disk": must be a standard resource type or fully qualified, )"
       R"(spec.hard[disk]: Invalid value: "disk": must be a standard resource for quota])"},
      {R"({"hard":{"pods":"-1"}})", R"(spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0)"},
      {R"({"hard":{"pods":"500m"}})",
       "spec.hard[pods]: Invalid value: " + api::go_quantity("500m") + ": must be an integer"},
      {R"({"hard":{"count/jobs.batch":"1500m"}})",
       "spec.hard[count/jobs.batch]: Invalid value: " + api::go_quantity("1500m") + ": must be an integer"},
      {R"({"hard":{"pods":"1"},"scopes":["Sometimes"]})",
       R"(spec.scopes: Invalid value: []core.ResourceQuotaScope{"Sometimes"}: unsupported scope)"},
      {R"({"hard":{"cpu":"1"},"scopes":["BestEffort"]})",
       R"(spec.scopes: Invalid value: []core.ResourceQuotaScope{"BestEffort"}: unsupported scope applied to resource)"},
      {R"({"hard":{"pods":"1"},"scopes":["BestEffort","NotBestEffort"]})",
       R"(spec.scopes: Invalid value: []core.ResourceQuotaScope{"BestEffort", "NotBestEffort"}: conflicting scopes)"},
      {R"({"hard":{"pods":"1"},"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"In"}]}})",
       "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' "
       "or 'NotIn' for scope selector"},
      {R"({"hard":{"pods":"1"},"scopeSelector":{"matchExpressions":[
           {"scopeName":"PriorityClass","operator":"Exists","values":["a"]}]}})",
       R"(spec.scopeSelector.matchExpressions.values: Invalid value: []string{"a"}: must be no value when `operator` is 'Exist' or )"
       "'DoesNotExist' for scope selector"},
      {R"({"hard":{"cpu":"1"},"scopeSelector":{"matchExpressions":[{"scopeName":"BestEffort","operator":"Exists"}]}})",
       R"(spec.scopeSelector.matchExpressions: Invalid value: core.ScopeSelector{MatchExpressions:[]core.)"
       R"(ScopedResourceSelectorRequirement{core.ScopedResourceSelectorRequirement{ScopeName:"BestEffort", )"
       R"(Operator:"Exists", Values:[]string(nil)}}}: unsupported scope applied to resource)"},
      {R"({"hard":{"pods":"1"},"scopeSelector":{"matchExpressions":[{"scopeName":"BestEffort","operator":"Exists"},
           {"scopeName":"NotBestEffort","operator":"Exists"}]}})",
       R"(spec.scopeSelector.matchExpressions: Invalid value: []core.ResourceQuotaScope(nil): conflicting scopes)"},
      {R"({"hard":{"pods":"1"},"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"Is"}]}})",
       R"(spec.scopeSelector.matchExpressions.operator: Invalid value: "Is": not a valid selector operator)"},
      {R"({"hard":{"pods":"1"},"scopeSelector":{"matchExpressions":[
           {"scopeName":"BestEffort","operator":"DoesNotExist"}]}})",
       R"(spec.scopeSelector.matchExpressions.operator: Invalid value: "DoesNotExist": must be 'Exist' when scope is any of )"
       "ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
       "ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"},
  };
  Cluster cluster;
  for (const Row& row : rows) {
    INFO(row.spec);
    CHECK(message_of(cluster.create(api::kResourceQuotas, quota(row.spec))) ==
          "ResourceQuota \"compute\" is invalid: " + row.finding);
  }
}

TEST_CASE("a quota's scopes stay") {
  Cluster cluster;
  Json object = *cluster.create(api::kResourceQuotas, quota(R"({"hard":{"pods":"1"},"scopes":["BestEffort"]})"));
  object["spec"]["hard"]["pods"] = "2";
  REQUIRE(cluster.update(api::kResourceQuotas, object));
  object = *cluster.get(api::kResourceQuotas, "compute");
  object["spec"]["scopes"] = {"NotBestEffort"};
  CHECK(message_of(cluster.update(api::kResourceQuotas, object)) ==
        "ResourceQuota \"compute\" is invalid: spec.scopes: Invalid value: "
        "[]core.ResourceQuotaScope{\"NotBestEffort\"}: field is immutable");
}

TEST_CASE("what is created is counted, up to the limit") {
  Cluster cluster;
  enforce(cluster, R"({"hard":{"pods":"2","requests.cpu":"1","count/configmaps":"1"}})");
  const char* const half = R"({"requests":{"cpu":"500m"}})";
  REQUIRE(cluster.create(api::kPods, pod_with("a", half)));
  CHECK(used(cluster) == Json({{"pods", "1"}, {"requests.cpu", "500m"}, {"count/configmaps", "0"}}));

  CHECK(message_of(cluster.create(api::kPods, pod_with("b", R"({"requests":{"cpu":"600m"}})"))) ==
        "pods \"b\" is forbidden: exceeded quota: compute, requested: requests.cpu=600m, used: requests.cpu=500m, "
        "limited: requests.cpu=1");
  CHECK(message_of(cluster.create(api::kPods, pod("c"))) ==
        "pods \"c\" is forbidden: failed quota: compute: must specify requests.cpu for: web");
  REQUIRE(cluster.create(api::kPods, pod_with("d", half)));
  CHECK(message_of(cluster.create(api::kPods, pod_with("e", half))) ==
        "pods \"e\" is forbidden: exceeded quota: compute, requested: pods=1,requests.cpu=500m, used: "
        "pods=2,requests.cpu=1, limited: pods=2,requests.cpu=1");

  REQUIRE(cluster.create(api::kConfigMaps, config_map("one")));
  CHECK(message_of(cluster.create(api::kConfigMaps, config_map("two"))) ==
        "configmaps \"two\" is forbidden: exceeded quota: compute, requested: count/configmaps=1, used: "
        "count/configmaps=1, limited: count/configmaps=1");
  CHECK(cluster.create(api::kConfigMaps, config_map("two"), "kube-public"));
}

TEST_CASE("what is not enforced yet does not refuse") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kResourceQuotas, quota(R"({"hard":{"pods":"0"}})")));
  CHECK(cluster.create(api::kPods, pod("a")));

  Json object = *cluster.get(api::kResourceQuotas, "compute");
  object["status"]["hard"] = object["spec"]["hard"];
  REQUIRE(cluster.update(api::kResourceQuotas, object, "status"));
  CHECK(message_of(cluster.create(api::kPods, pod("b"))) ==
        "pods \"b\" is forbidden: status unknown for quota: compute, resources: pods");
}

TEST_CASE("a dry run and a refused creation cost nothing") {
  Cluster cluster;
  enforce(cluster, R"({"hard":{"pods":"1"}})");
  cluster.context.dry_run = true;
  REQUIRE(cluster.create(api::kPods, pod("a")));
  cluster.context.dry_run = false;
  CHECK(used(cluster)["pods"] == "0");
  REQUIRE(cluster.create(api::kPods, pod("a")));
  enforce(cluster, R"({"hard":{"pods":"9"}})", "wide");
  CHECK(cluster.create(api::kPods, pod("b")).error().reason == api::Reason::kForbidden);
  CHECK(used(cluster, "wide")["pods"] == "0");
  cluster.context.dry_run = true;
  CHECK(cluster.create(api::kPods, pod("b")).error().reason == api::Reason::kForbidden);
}

TEST_CASE("an object that exists already costs nothing") {
  Cluster cluster;
  enforce(cluster, R"({"hard":{"configmaps":"5"}})");
  REQUIRE(cluster.create(api::kConfigMaps, config_map("one")));
  CHECK(cluster.create(api::kConfigMaps, config_map("one")).error().reason == api::Reason::kAlreadyExists);
  CHECK(used(cluster)["configmaps"] == "1");
}

TEST_CASE("what goes or ends is free again") {
  Cluster cluster;
  enforce(cluster, R"({"hard":{"pods":"2","count/pods":"9","secrets":"1"}})");
  Json a = *cluster.create(api::kPods, pod("a"));
  REQUIRE(cluster.create(api::kPods, pod("b")));
  CHECK(used(cluster)["pods"] == "2");

  a["status"]["phase"] = "Succeeded";
  REQUIRE(cluster.update(api::kPods, a, "status"));
  CHECK(used(cluster) == Json({{"pods", "1"}, {"count/pods", "2"}, {"secrets", "0"}}));

  api::DeleteOptions now;
  now.grace_period_seconds = 0;
  REQUIRE(cluster.remove(api::kPods, "a", now));
  REQUIRE(cluster.remove(api::kPods, "b", now));
  CHECK(used(cluster) == Json({{"pods", "0"}, {"count/pods", "0"}, {"secrets", "0"}}));
}

TEST_CASE("what was never counted cannot make room") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kConfigMaps, config_map("old")));
  enforce(cluster, R"({"hard":{"configmaps":"1"}})");
  REQUIRE(cluster.remove(api::kConfigMaps, "old"));
  CHECK(used(cluster)["configmaps"] == "0");
}

TEST_CASE("a quota counts only what its scopes match") {
  Cluster cluster;
  enforce(cluster, R"({"hard":{"pods":"1"},"scopes":["BestEffort"]})", "best-effort");
  enforce(cluster, R"({"hard":{"pods":"1"},"scopes":["NotBestEffort"]})", "other");
  REQUIRE(cluster.create(api::kPods, pod("a")));
  REQUIRE(cluster.create(api::kPods, pod_with("b", R"({"requests":{"cpu":"1"}})")));
  CHECK(used(cluster, "best-effort")["pods"] == "1");
  CHECK(used(cluster, "other")["pods"] == "1");
  CHECK(message_of(cluster.create(api::kPods, pod("c"))) ==
        "pods \"c\" is forbidden: exceeded quota: best-effort, requested: pods=1, used: pods=1, limited: pods=1");
}

TEST_CASE("generated names are told") {
  Cluster cluster;
  enforce(cluster, R"({"hard":{"pods":"0"}})");
  Json object = pod("x");
  object["metadata"] = {{"generateName", "web-"}};
  const std::string message = message_of(cluster.create(api::kPods, object));
  CHECK(message.starts_with("pods \"web-"));
  CHECK_FALSE(message.starts_with("pods \"web-\""));
}

TEST_CASE("a quota can be deleted while another counts quotas") {
  Cluster cluster;
  enforce(cluster, R"({"hard":{"resourcequotas":"2"}})", "a");
  enforce(cluster, R"({"hard":{"resourcequotas":"2"}})", "b");
  CHECK(used(cluster, "a")["resourcequotas"] == "1");
  REQUIRE(cluster.remove(api::kResourceQuotas, "b"));
  CHECK(used(cluster, "a")["resourcequotas"] == "0");
}

TEST_CASE("creations at the same time never exceed a quota") {
  constexpr int kAttempts = 40;
  constexpr int kAllowed = 7;
  Cluster cluster;
  enforce(cluster, R"({"hard":{"pods":"7"}})");
  int created = 0;
  int refused = 0;
  std::vector<std::unique_ptr<server::CallContext>> contexts;
  for (int i = 0; i < kAttempts; ++i) {
    contexts.push_back(std::make_unique<server::CallContext>());
    asio::co_spawn(cluster.io,
                   cluster.registry.create(*contexts.back(), cluster.kind(api::kPods), "default",
                                           pod("p" + std::to_string(i)), cluster.params),
                   [&](const std::exception_ptr& failure, const api::Result<store::RecordPtr>& result) {
                     REQUIRE_FALSE(failure);
                     ++(result ? created : refused);
                     if (!result) CHECK(result.error().reason == api::Reason::kForbidden);
                   });
  }
  run_until(cluster.io, [&] { return created + refused == kAttempts; });
  CHECK(created == kAllowed);
  CHECK(used(cluster)["pods"] == "7");
}
