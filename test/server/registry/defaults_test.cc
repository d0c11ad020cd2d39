#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

TEST_CASE("a new pod is completed as upstream does") {
  Cluster cluster;
  const Json created = *cluster.create(api::kPods, pod("web"));
  const Json& spec = created["spec"];
  CHECK(created["status"] == Json{{"phase", "Pending"}, {"qosClass", "BestEffort"}});
  CHECK(spec["restartPolicy"] == "Always");
  CHECK(spec["dnsPolicy"] == "ClusterFirst");
  CHECK(spec["schedulerName"] == "default-scheduler");
  CHECK(spec["terminationGracePeriodSeconds"] == 30);
  CHECK(spec["enableServiceLinks"] == true);
  CHECK(spec["securityContext"] == Json::object());
  CHECK(spec["serviceAccountName"] == "default");
  CHECK(spec["serviceAccount"] == "default");
  CHECK(spec["priority"] == 0);
  CHECK(spec["preemptionPolicy"] == "PreemptLowerPriority");
  CHECK(spec["tolerations"] == Json::parse(R"([
      {"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},
      {"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}])"));
  CHECK_FALSE(created["metadata"].contains("generation"));
}

TEST_CASE("the pull policy follows the tag") {
  Cluster cluster;
  struct Row {
    const char* image;
    const char* policy;
  };
  const Row rows[] = {
      {"nginx", "Always"},
      {"nginx:latest", "Always"},
      {"nginx:1.13", "IfNotPresent"},
      {"localhost:5000/nginx", "Always"},
      {"localhost:5000/nginx:2", "IfNotPresent"},
      {"nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "IfNotPresent"}};
  cluster.context.dry_run = true;
  for (const Row& row : rows) {
    INFO(row.image);
    Json object = pod("web");
    object["spec"]["containers"][0]["image"] = row.image;
    CHECK((*cluster.create(api::kPods, object))["spec"]["containers"][0]["imagePullPolicy"] == row.policy);
  }
}

TEST_CASE("quality of service follows from requests and limits") {
  Cluster cluster;
  struct Row {
    const char* resources;
    const char* qos;
    const char* requests;  // as they end up, null when absent
  };
  const Row rows[] = {{R"({})", "BestEffort", "null"},
                      {R"({"limits":{"cpu":"1","memory":"1Gi"}})", "Guaranteed", R"({"cpu":"1","memory":"1Gi"})"},
                      {R"({"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1000m"}})", "Guaranteed",
                       R"({"cpu":"1","memory":"1Gi"})"},
                      {R"({"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m"}})", "Burstable",
                       R"({"cpu":"500m","memory":"1Gi"})"},
                      {R"({"requests":{"memory":"64Mi"}})", "Burstable", R"({"memory":"64Mi"})"}};
  cluster.context.dry_run = true;
  for (const Row& row : rows) {
    INFO(row.resources);
    Json object = pod("web");
    object["spec"]["containers"][0]["resources"] = Json::parse(row.resources);
    const auto created = cluster.create(api::kPods, object);
    REQUIRE(created);
    CHECK((*created)["status"]["qosClass"] == row.qos);
    CHECK((*created)["spec"]["containers"][0]["resources"].value("requests", Json()) == Json::parse(row.requests));
  }
}

TEST_CASE("a template is not given what only pods get") {
  Cluster cluster;
  Json sent = deployment("web");
  sent["spec"]["template"]["spec"]["hostNetwork"] = true;
  sent["spec"]["template"]["spec"]["containers"][0]["ports"] = Json::array({{{"containerPort", 80}, {"hostPort", 80}}});
  sent["spec"]["template"]["spec"]["containers"][0]["resources"] = {{"limits", {{"cpu", "1"}}}};
  sent["spec"]["template"]["spec"]["volumes"] = Json::array({{{"name", "v"}}});
  const auto created = cluster.create(api::kDeployments, sent);
  REQUIRE(created);
  const Json& spec = (*created)["spec"]["template"]["spec"];
  CHECK_FALSE(spec["containers"][0]["resources"].contains("requests"));
  CHECK(spec["volumes"][0] == Json{{"name", "v"}, {"emptyDir", Json::object()}});
  CHECK(spec["containers"][0]["imagePullPolicy"] == "Always");
  CHECK_FALSE(spec.contains("tolerations"));
  CHECK((*created)["spec"]["progressDeadlineSeconds"] == 600);
  CHECK((*created)["spec"]["revisionHistoryLimit"] == 10);
}

TEST_CASE("ports of a pod in the host's network are the host's") {
  Cluster cluster;
  Json sent = pod("web");
  sent["spec"]["hostNetwork"] = true;
  sent["spec"]["containers"][0]["ports"] = Json::array({{{"containerPort", 80}}});
  CHECK((*cluster.create(api::kPods, sent))["spec"]["containers"][0]["ports"][0] ==
        Json{{"containerPort", 80}, {"hostPort", 80}, {"protocol", "TCP"}});
}

TEST_CASE("toleration seconds are configurable, and left to who sets them") {
  Cluster cluster;
  server::AdmissionOptions options;
  options.default_not_ready_toleration_seconds = 7;
  server::Registry registry(*cluster.store, cluster.kinds, catalog(), cluster.clock,
                            server::default_admission(options));
  Json sent = pod("web");
  sent["spec"]["tolerations"] = Json::array({{{"key", "node.kubernetes.io/unreachable"}, {"operator", "Exists"}}});
  auto created = run(cluster.io, registry.create(cluster.context, cluster.kind(api::kPods), "default", sent, {}));
  REQUIRE(created);
  const Json tolerations = Json::parse((*created)->value)["spec"]["tolerations"];
  REQUIRE(tolerations.size() == 2);
  CHECK_FALSE(tolerations[0].contains("tolerationSeconds"));
  CHECK(tolerations[1]["tolerationSeconds"] == 7);
}

TEST_CASE("an update without the default tolerations does not take them away") {
  Cluster cluster;
  Json stored = *cluster.create(api::kPods, pod("web"));
  stored["metadata"]["labels"]["changed"] = "yes";
  stored["spec"].erase("tolerations");
  const auto updated = cluster.update(api::kPods, stored);
  REQUIRE(updated);
  CHECK((*updated)["spec"]["tolerations"].size() == 2);
}

TEST_CASE("pods inherit the pull secrets of their account") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kServiceAccounts, Json{{"metadata", {{"name", "robot"}}},
                                                     {"imagePullSecrets", Json::array({{{"name", "registry"}}})}}));
  Json sent = pod("web");
  sent["spec"]["serviceAccount"] = "robot";
  const Json spec = (*cluster.create(api::kPods, sent))["spec"];
  CHECK(spec["serviceAccountName"] == "robot");
  CHECK(spec["imagePullSecrets"] == Json::array({{{"name", "registry"}}}));
}
