#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

namespace {

Json limit_range(const char* limits, const std::string& name = "limits") {
  return Json{{"metadata", {{"name", name}}}, {"spec", {{"limits", Json::parse(limits)}}}};
}

// A pod with one container of these resources.
Json pod_asking(const char* resources) {
  Json object = pod("web");
  object["spec"]["containers"][0]["resources"] = Json::parse(resources);
  return object;
}

}  // namespace

TEST_CASE("a container's defaults follow from its bounds") {
  Cluster cluster;
  const Json created = *cluster.create(
      api::kLimitRanges, limit_range(R"([{"type":"Container","max":{"cpu":"1","memory":"1Gi"},"min":{"cpu":"100m"},
                                          "default":{"cpu":"500m"}},
                                         {"type":"Pod","max":{"cpu":"2"}}])"));
  const Json& item = created["spec"]["limits"][0];
  CHECK(item["default"] == Json({{"cpu", "500m"}, {"memory", "1Gi"}}));
  CHECK(item["defaultRequest"] == Json({{"cpu", "500m"}, {"memory", "1Gi"}}));
  CHECK_FALSE(created["spec"]["limits"][1].contains("default"));
}

TEST_CASE("limit ranges that are refused") {
  struct Row {
    const char* limits;
    const char* finding;
  };
  const Row rows[] = {
      {R"([{"type":"Pot"}])",
       R"(spec.limits[0].type: Invalid value: "Pot": must be a standard limit type or fully qualified)"},
      {R"([{"type":"Pod"},{"type":"Pod"}])", R"(spec.limits[1].type: Duplicate value: "Pod")"},
      {R"([{"type":"Pod","default":{"cpu":"1"}}])",
       "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"},
      {R"([{"type":"Container","max":{"disk":"1"}}])",
       R"([spec.limits[0].max[disk]: Invalid value: "disk": must be a standard resource type or fully qualified, )"
       R"(spec.limits[0].max[disk]: Invalid value: "disk": must be a standard resource for containers, )"
       R"(spec.limits[0].default[disk]: Invalid value: "disk": must be a standard resource type or fully qualified, )"
       R"(spec.limits[0].default[disk]: Invalid value: "disk": must be a standard resource for containers, )"
       R"(spec.limits[0].defaultRequest[disk]: Invalid value: "disk": must be a standard resource type or fully qualified, )"
       R"(spec.limits[0].defaultRequest[disk]: Invalid value: "disk": must be a standard resource for containers])"},
      {R"([{"type":"PersistentVolumeClaim"}])",
       "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was "
       "provided"},
      {R"([{"type":"Pod","min":{"cpu":"2"},"max":{"cpu":"1"}}])",
       R"(spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1)"},
      {R"([{"type":"Container","default":{"cpu":"2"},"max":{"cpu":"1"},"defaultRequest":{"cpu":"1"}}])",
       R"(spec.limits[0].default[cpu]: Invalid value: "1": default value 2 is greater than max value 1)"},
      {R"([{"type":"Container","default":{"cpu":"1"},"defaultRequest":{"cpu":"2"}}])",
       R"(spec.limits[0].defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1)"},
      {R"([{"type":"Pod","maxLimitRequestRatio":{"cpu":"500m"}}])",
       R"(spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1)"},
      {R"([{"type":"Pod","min":{"cpu":"1"},"max":{"cpu":"2"},"maxLimitRequestRatio":{"cpu":"3"}}])",
       R"(spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000)"},
      {R"([{"type":"Container","default":{"nvidia.com/gpu":"2"},"defaultRequest":{"nvidia.com/gpu":"1"}}])",
       R"(spec.limits[0].defaultRequest[nvidia.com/gpu]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in nvidia.com/gpu)"},
  };
  Cluster cluster;
  for (const Row& row : rows) {
    INFO(row.limits);
    CHECK(message_of(cluster.create(api::kLimitRanges, limit_range(row.limits))) ==
          std::string("LimitRange \"limits\" is invalid: ") + row.finding);
  }
}

TEST_CASE("pods get the defaults of their namespace") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kLimitRanges, limit_range(R"([{"type":"Container","default":{"cpu":"500m","memory":"1Gi"},
                                          "defaultRequest":{"cpu":"100m","memory":"256Mi"}}])")));
  Json object = pod("web");
  object["spec"]["containers"].push_back(
      {{"name", "proxy"}, {"image", "envoy"}, {"resources", Json::parse(R"({"limits":{"cpu":"1","memory":"1Gi"}})")}});
  object["spec"]["initContainers"] = Json::array({{{"name", "init"}, {"image", "busybox"}}});
  const Json created = *cluster.create(api::kPods, object);
  CHECK(
      created["metadata"]["annotations"]["kubernetes.io/limit-ranger"] ==
      "LimitRanger plugin set: cpu, memory request for container web; cpu, memory limit for container web; cpu, memory "
      "request for init container init; cpu, memory limit for init container init");
  const Json defaults =
      Json::parse(R"({"requests":{"cpu":"100m","memory":"256Mi"},"limits":{"cpu":"500m","memory":"1Gi"}})");
  CHECK(created["spec"]["containers"][0]["resources"] == defaults);
  CHECK(created["spec"]["initContainers"][0]["resources"] == defaults);
  CHECK(created["spec"]["containers"][1]["resources"]["requests"] == Json({{"cpu", "1"}, {"memory", "1Gi"}}));
  CHECK(created["status"]["qosClass"] == "Burstable");
}

TEST_CASE("pods that ask for too little or too much") {
  struct Row {
    const char* limits;
    const char* resources;
    const char* why;
  };
  const Row rows[] = {
      {R"([{"type":"Pod","max":{"cpu":"1"}}])", "{}", "maximum cpu usage per Pod is 1.  No limit is specified"},
      {R"([{"type":"Pod","max":{"cpu":"1"}}])", R"({"limits":{"cpu":"2"}})",
       "maximum cpu usage per Pod is 1, but limit is 2"},
      {R"([{"type":"Pod","min":{"cpu":"500m"}}])", R"({"requests":{"cpu":"100m"}})",
       "minimum cpu usage per Pod is 500m, but request is 100m"},
      {R"([{"type":"Pod","min":{"memory":"1Gi"}}])", "{}",
       "minimum memory usage per Pod is 1Gi.  No request is specified"},
      {R"([{"type":"Container","max":{"cpu":"1"},"min":{"memory":"1Gi"}}])",
       R"({"requests":{"memory":"1Mi"},"limits":{"cpu":"1500m"}})",
       "[minimum memory usage per Container is 1Gi, but request is 1Mi, maximum cpu usage per Container is 1, but "
       "limit "
       "is 1500m]"},
      {R"([{"type":"Pod","maxLimitRequestRatio":{"cpu":"2"}}])", R"({"requests":{"cpu":"1"},"limits":{"cpu":"3"}})",
       "cpu max limit to request ratio per Pod is 2, but provided ratio is 3.000000"},
      {R"([{"type":"Pod","maxLimitRequestRatio":{"cpu":"2"}}])", "{}",
       "cpu max limit to request ratio per Pod is 2, but no request is specified or request is 0"},
  };
  for (const Row& row : rows) {
    INFO(row.limits << " " << row.resources);
    Cluster cluster;
    REQUIRE(cluster.create(api::kLimitRanges, limit_range(row.limits)));
    CHECK(message_of(cluster.create(api::kPods, pod_asking(row.resources))) ==
          std::string("pods \"web\" is forbidden: ") + row.why);
  }
  Cluster cluster;
  REQUIRE(cluster.create(api::kLimitRanges, limit_range(R"([{"type":"Pod","max":{"cpu":"2"},"min":{"cpu":"1"}}])")));
  CHECK(cluster.create(api::kPods, pod_asking(R"({"requests":{"cpu":"1"},"limits":{"cpu":"2"}})")));
}

TEST_CASE("a limit range of another namespace does not concern a pod") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kLimitRanges, limit_range(R"([{"type":"Pod","max":{"cpu":"1"}}])"), "kube-public"));
  CHECK(cluster.create(api::kPods, pod("web")));
}
