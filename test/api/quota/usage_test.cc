#include "api/quota/usage.h"

#include "test/support/now.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::api;
using namespace skiff::api::quota;

namespace {

using test::kNow;
constexpr CountedKind kPodKind{"", "pods"};
constexpr CountedKind kServiceKind{"", "services"};

std::string usage(const CountedKind& kind, const char* object) {
  std::string text;
  for (const auto& [name, amount] : usage_of(kind, Json::parse(object), kNow)) {
    text += name + "=" + amount.to_string() + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("what objects use") {
  struct Row {
    const char* name;
    CountedKind kind;
    const char* object;
    const char* expected;
  };
  const Row rows[] = {
      {"a plain pod", kPodKind, R"({"spec":{"containers":[{"name":"a"}]}})", "count/pods=1 pods=1 "},
      {"a pod with everything", kPodKind,
       R"({"spec":{"containers":[{"name":"a","resources":{
           "requests":{"cpu":"1","memory":"1Gi","ephemeral-storage":"2Gi","hugepages-2Mi":"4Mi","nvidia.com/gpu":"1"},
           "limits":{"cpu":"2","memory":"2Gi","ephemeral-storage":"3Gi","hugepages-2Mi":"4Mi","nvidia.com/gpu":"1"}}}]}})",
       "count/pods=1 cpu=1 ephemeral-storage=2Gi hugepages-2Mi=4Mi limits.cpu=2 limits.ephemeral-storage=3Gi "
       "limits.memory=2Gi memory=1Gi pods=1 requests.cpu=1 requests.ephemeral-storage=2Gi requests.hugepages-2Mi=4Mi "
       "requests.memory=1Gi requests.nvidia.com/gpu=1 "},
      {"a pod that has ended", kPodKind, R"({"spec":{"containers":[]},"status":{"phase":"Succeeded"}})",
       "count/pods=1 "},
      {"a pod that is being deleted", kPodKind,
       R"({"metadata":{"deletionTimestamp":"2026-11-22T11:59:50Z","deletionGracePeriodSeconds":30}})",
       "count/pods=1 pods=1 "},
      {"a pod that was deleted on a node that is lost", kPodKind,
       R"({"metadata":{"deletionTimestamp":"2026-11-22T11:59:00Z","deletionGracePeriodSeconds":30}})", "count/pods=1 "},
      {"a claim",
       {"", "persistentvolumeclaims"},
       R"({"spec":{"storageClassName":"gold","resources":{"requests":{"storage":"8Gi"}}}})",
       "count/persistentvolumeclaims=1 gold.storageclass.storage.k8s.io/persistentvolumeclaims=1 "
       "gold.storageclass.storage.k8s.io/requests.storage=8Gi persistentvolumeclaims=1 requests.storage=8Gi "},
      {"a secret", {"", "secrets"}, "{}", "count/secrets=1 secrets=1 "},
      {"a lease", {"coordination.k8s.io", "leases"}, "{}", "count/leases.coordination.k8s.io=1 "},
      {"an inner service", kServiceKind, R"({"spec":{"type":"ClusterIP","ports":[{}]}})",
       "count/services=1 services=1 "},
      {"ports on the nodes", kServiceKind, R"({"spec":{"type":"NodePort","ports":[{},{}]}})",
       "count/services=1 services=1 services.nodeports=2 "},
      {"a load balancer", kServiceKind, R"({"spec":{"type":"LoadBalancer","ports":[{},{}]}})",
       "count/services=1 services=1 services.loadbalancers=1 services.nodeports=2 "},
      {"a load balancer with few ports on the nodes", kServiceKind,
       R"({"spec":{"type":"LoadBalancer","allocateLoadBalancerNodePorts":false,"ports":[{"nodePort":30000},{}]}})",
       "count/services=1 services=1 services.loadbalancers=1 services.nodeports=1 "},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(usage(row.kind, row.object) == row.expected);
  }
}

TEST_CASE("which names a kind can use") {
  for (const char* name : {"pods", "count/pods", "cpu", "limits.memory", "requests.nvidia.com/gpu", "hugepages-2Mi",
                           "requests.hugepages-2Mi"}) {
    INFO(name);
    CHECK(uses(kPodKind, name));
    CHECK_FALSE(uses({"", "secrets"}, name));
  }
  CHECK_FALSE(uses(kPodKind, "secrets"));
  CHECK_FALSE(uses(kPodKind, "nvidia.com/gpu"));
  CHECK(uses({"apps", "deployments"}, "count/deployments.apps"));
  CHECK_FALSE(uses({"apps", "deployments"}, "count/deployments"));
  CHECK_FALSE(uses({"apps", "deployments"}, "deployments"));
  CHECK(uses(kServiceKind, "services.nodeports"));
  const CountedKind claims{"", "persistentvolumeclaims"};
  CHECK(uses(claims, "requests.storage"));
  CHECK(uses(claims, "gold.storageclass.storage.k8s.io/requests.storage"));
  CHECK_FALSE(uses(claims, "gold.storageclass.storage.k8s.io/pods"));
  CHECK_FALSE(is_counted({"", "events"}));
  CHECK_FALSE(is_counted({"events.k8s.io", "events"}));
}

TEST_CASE("what containers must say") {
  const Json pod = Json::parse(R"({"spec":{
      "containers":[{"name":"b","resources":{"requests":{"cpu":"1"}}},{"name":"a"}],
      "initContainers":[{"name":"i","resources":{"limits":{"cpu":"1"}}}]}})");
  const auto missing = [&](const char* hard) {
    const Json list = Json::parse(hard);
    return missing_amounts(pod, resource_amounts(&list));
  };
  CHECK(missing(R"({"pods":"1","ephemeral-storage":"1"})").empty());
  CHECK(missing(R"({"limits.cpu":"1"})") == "limits.cpu for: a,b");
  CHECK(missing(R"({"cpu":"1","requests.memory":"1"})") == "cpu for: a,i; requests.memory for: a,b,i");
}

TEST_CASE("scopes") {
  struct Row {
    const char* name;
    const char* spec;  // of the quota
    const char* pod;   // its spec
    bool expected;
  };
  const char* const plain = R"({"containers":[{"name":"a"}]})";
  const char* const modest = R"({"containers":[{"name":"a","resources":{"requests":{"cpu":"1"}}}]})";
  const char* const ending = R"({"activeDeadlineSeconds":0})";
  const char* const vip = R"({"priorityClassName":"vip"})";
  const char* const crossing = R"({"affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[
      {"weight":1,"podAffinityTerm":{"namespaceSelector":{}}}]}}})";
  const char* const staying = R"({"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{}]}}})";
  const auto class_is = [](const std::string& operator_, const std::string& values) {
    return R"({"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":")" + operator_ +
           R"(","values":[)" + values + "]}]}}";
  };
  const std::string in = class_is("In", R"("vip","boss")");
  const std::string not_in = class_is("NotIn", R"("vip")");
  const std::string exists = class_is("Exists", "");
  const std::string absent = class_is("DoesNotExist", "");
  const Row rows[] = {
      {"no scope", "{}", plain, true},
      {"terminating", R"({"scopes":["Terminating"]})", ending, true},
      {"not terminating", R"({"scopes":["Terminating"]})", plain, false},
      {"wanted not terminating", R"({"scopes":["NotTerminating"]})", plain, true},
      {"best effort", R"({"scopes":["BestEffort"]})", plain, true},
      {"not best effort", R"({"scopes":["BestEffort"]})", modest, false},
      {"all scopes must match", R"({"scopes":["NotBestEffort","Terminating"]})", modest, false},
      {"any class", R"({"scopes":["PriorityClass"]})", vip, true},
      {"no class", R"({"scopes":["PriorityClass"]})", plain, false},
      {"class in", in.c_str(), vip, true},
      {"class in, none", in.c_str(), plain, false},
      {"class not in", not_in.c_str(), vip, false},
      {"class not in, none", not_in.c_str(), plain, true},
      {"class exists", exists.c_str(), vip, true},
      {"class does not exist", absent.c_str(), vip, false},
      {"crossing", R"({"scopes":["CrossNamespacePodAffinity"]})", crossing, true},
      {"staying", R"({"scopes":["CrossNamespacePodAffinity"]})", staying, false},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const Json quota = {{"spec", Json::parse(row.spec)}};
    const Json pod = {{"spec", Json::parse(row.pod)}};
    CHECK(matches_scopes(quota, kPodKind, pod) == row.expected);
  }
  const Json scoped = {{"spec", {{"scopes", {"NotBestEffort"}}}}};
  CHECK_FALSE(matches_scopes(scoped, {"", "secrets"}, Json::object()));
}
