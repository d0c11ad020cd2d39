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

TEST_CASE("pods find the token of their account") {
  Cluster cluster;
  const auto spec_of = [&cluster](Json sent) { return (*cluster.create(api::kPods, std::move(sent)))["spec"]; };
  const auto mount_paths = [](const Json& container) {
    std::vector<std::string> paths;
    for (const Json& mount : container.value("volumeMounts", Json::array())) paths.push_back(mount["mountPath"]);
    return paths;
  };
  const std::vector<std::string> kToken{"/var/run/secrets/kubernetes.io/serviceaccount"};

  SECTION("in every container, in one volume") {
    Json sent = pod("web");
    sent["spec"]["initContainers"] = Json::array({Json{{"name", "first"}, {"image", "x:1"}}});
    const Json spec = spec_of(sent);
    CHECK(mount_paths(spec["initContainers"][0]) == kToken);
    CHECK(mount_paths(spec["containers"][0]) == kToken);
    REQUIRE(spec["volumes"].size() == 1);
    const Json& volume = spec["volumes"][0];
    const std::string name = volume["name"];
    CHECK(name.starts_with("kube-api-access-"));
    CHECK(name.size() == std::string("kube-api-access-2qbkr").size());
    CHECK(spec["containers"][0]["volumeMounts"][0] ==
          Json{{"name", name}, {"readOnly", true}, {"mountPath", kToken[0]}});
    CHECK(volume["projected"] == Json::parse(R"({
      "defaultMode": 420,
      "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace",
                                    "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}
      ]})"));
  }
  SECTION("but where something else is mounted") {
    Json sent = pod("web");
    sent["spec"]["volumes"] = Json::array({Json{{"name", "own"}, {"emptyDir", Json::object()}}});
    sent["spec"]["containers"][0]["volumeMounts"] = Json::array({Json{{"name", "own"}, {"mountPath", kToken[0]}}});
    const Json spec = spec_of(sent);
    CHECK(spec["volumes"].size() == 1);
    CHECK(spec["containers"][0]["volumeMounts"].size() == 1);
  }
  SECTION("through a volume of the pod that is called like ours") {
    Json sent = pod("web");
    sent["spec"]["volumes"] = Json::array({Json{{"name", "kube-api-access-own"}, {"emptyDir", Json::object()}}});
    const Json spec = spec_of(sent);
    CHECK(spec["volumes"].size() == 1);
    CHECK(spec["containers"][0]["volumeMounts"][0]["name"] == "kube-api-access-own");
  }
  SECTION("unless the account does not want it, and the pod does not overrule that") {
    REQUIRE(cluster.create(api::kServiceAccounts,
                           Json{{"metadata", {{"name", "robot"}}}, {"automountServiceAccountToken", false}}));
    Json sent = pod("web");
    sent["spec"]["serviceAccountName"] = "robot";
    CHECK_FALSE(spec_of(sent).contains("volumes"));
    sent["metadata"]["name"] = "wants-it";
    sent["spec"]["automountServiceAccountToken"] = true;
    CHECK(spec_of(sent)["volumes"].size() == 1);
    sent = pod("refuses-it");
    sent["spec"]["automountServiceAccountToken"] = false;
    CHECK_FALSE(spec_of(sent).contains("volumes"));
  }
}
