#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

namespace {

// Pointers to every value of a document.
void collect(const Json& value, const Json::json_pointer& place, std::vector<Json::json_pointer>& places) {
  places.push_back(place);
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) collect(member, place / name, places);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) collect(value[i], place / i, places);
  }
}

const Json& replacements() {
  static const Json values =
      Json::parse(R"([null, 1, -1, true, "x", "", [], [null], {}, {"a":null}, [[]], [{}], 1.5])");
  return values;
}

Json rich_pod() {
  return Json::parse(R"({"apiVersion":"v1","kind":"Pod",
      "metadata":{"name":"web","labels":{"app":"web"},"annotations":{"a":"b"},"finalizers":["example.com/a"],
        "ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"a","uid":"1","controller":true}]},
      "spec":{"nodeSelector":{"disk":"ssd"},"hostNetwork":true,"dnsPolicy":"None","dnsConfig":{"nameservers":["1.1.1.1"]},
        "tolerations":[{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":5}],
        "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
          {"matchExpressions":[{"key":"a","operator":"In","values":["b"]}]}]}}},
        "schedulingGates":[{"name":"g"}],"readinessGates":[{"conditionType":"x"}],
        "volumes":[{"name":"c","configMap":{"name":"c","items":[{"key":"k","path":"p","mode":256}]}},
                   {"name":"h","hostPath":{"path":"/a"}}],
        "initContainers":[{"name":"init","image":"x"}],
        "containers":[{"name":"web","image":"nginx","command":["a"],
          "ports":[{"name":"http","containerPort":80,"hostPort":80}],
          "env":[{"name":"E","valueFrom":{"configMapKeyRef":{"name":"c","key":"k"}}}],
          "envFrom":[{"prefix":"P","configMapRef":{"name":"c"}}],
          "resources":{"limits":{"cpu":"1"},"requests":{"cpu":"1"}},
          "volumeMounts":[{"name":"c","mountPath":"/c","subPath":"x"}],
          "livenessProbe":{"httpGet":{"port":"http"},"successThreshold":1},
          "lifecycle":{"preStop":{"exec":{"command":["x"]}}},
          "securityContext":{"privileged":false}}]}})");
}

}  // namespace

TEST_CASE("a document with anything anywhere is taken or refused, never more") {
  Cluster cluster;
  cluster.context.dry_run = true;
  Json rich_deployment = deployment("web");
  rich_deployment["spec"]["template"]["spec"] = rich_pod()["spec"];
  rich_deployment["spec"]["strategy"] = {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxSurge", 1}}}};
  const std::pair<api::ResourceType, Json> documents[] = {
      {api::kPods, rich_pod()},
      {api::kDeployments, rich_deployment},
      {api::kSecrets, {{"metadata", {{"name", "s"}}}, {"data", {{"a", "AA=="}}}, {"stringData", {{"b", "c"}}}}},
      {api::kNodes,
       {{"metadata", {{"name", "n"}}}, {"spec", {{"taints", {{{"key", "a"}, {"effect", "NoExecute"}}}}}}}}};
  for (const auto& [resource, document] : documents) {
    std::vector<Json::json_pointer> places;
    collect(document, Json::json_pointer(), places);
    for (const Json::json_pointer& place : places) {
      for (const Json& replacement : replacements()) {
        Json hostile = document;
        hostile[place] = replacement;
        INFO(resource.kind << place.to_string() << " = " << replacement.dump());
        const auto created = cluster.create(resource, hostile);
        // A refusal is the client's fault.
        if (!created) CHECK(created.error().code() / 100 == 4);
      }
    }
  }
}

TEST_CASE("whatever a status holds, the object has a row") {
  Cluster cluster;
  const std::pair<api::ResourceType, Json> documents[] = {
      {api::kPods, Json::parse(R"({"phase":"Running","podIP":"10.0.0.1","conditions":[{"type":"Ready","status":"True"}],
          "initContainerStatuses":[{"name":"i","restartCount":1,"state":{"terminated":{"exitCode":1,"signal":9}}}],
          "containerStatuses":[{"name":"web","ready":true,"restartCount":1,"state":{"running":{}},
            "lastState":{"terminated":{"finishedAt":"2026-11-22T09:59:55Z"}}}]})")},
      {api::kNodes, Json::parse(R"({"conditions":[{"type":"Ready","status":"True"}],
          "addresses":[{"type":"InternalIP","address":"10.0.0.1"}],"nodeInfo":{"kubeletVersion":"v1"}})")},
      {api::kDeployments, Json::parse(R"({"replicas":1,"conditions":[{"type":"Available","status":"True"}]})")}};
  REQUIRE(cluster.create(api::kPods, pod("x")));
  REQUIRE(cluster.create(api::kNodes, Json{{"metadata", {{"name", "x"}}}}));
  REQUIRE(cluster.create(api::kDeployments, deployment("x")));
  cluster.context.dry_run = true;
  for (const auto& [resource, status] : documents) {
    Json object = *cluster.get(resource, "x");
    std::vector<Json::json_pointer> places;
    collect(status, Json::json_pointer(), places);
    for (const Json::json_pointer& place : places) {
      for (const Json& replacement : replacements()) {
        object["status"] = status;
        object["status"][place] = replacement;
        INFO(resource.kind << place.to_string() << " = " << replacement.dump());
        const auto updated = cluster.update(resource, object, "status");
        if (!updated) {
          CHECK(updated.error().code() / 100 == 4);
          continue;
        }
        const server::TableSpec& table = cluster.kind(resource).kind->table;
        CHECK(table.row(*updated, cluster.clock.now()).size() == table.columns.size());
      }
    }
  }
}

TEST_CASE("an object that is too large for a record is refused") {
  Cluster cluster;
  Json object = pod("web");
  object["spec"]["containers"][0]["args"] = Json::array({std::string(server::Registry::kMaxObjectBytes, 'x')});
  const auto created = cluster.create(api::kPods, object);
  REQUIRE_FALSE(created);
  CHECK(created.error().code() == 413);
  CHECK(created.error().message == "Request entity too large: limit is 1572864");
}
