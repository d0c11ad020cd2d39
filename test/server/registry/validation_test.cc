#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

namespace {

// A merge patch on a valid object, and the findings that it must lead to: the message behind "is invalid: ".
struct Row {
  const char* name;
  const char* patch;
  const char* expected;
};

// The part of the message that the rows spell out; "" when the object was taken.
std::string findings(const api::Result<Json>& created) {
  if (created) return "";
  const std::string& message = created.error().message;
  const std::size_t marker = message.find(" is invalid: ");
  if (marker == std::string::npos) return message;
  return message.substr(marker + std::string(" is invalid: ").size());
}

void check(Cluster& cluster, const api::ResourceType& resource, const Json& base, std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    INFO(row.name);
    Json object = base;
    object.merge_patch(Json::parse(row.patch));
    cluster.context.dry_run = true;
    CHECK(findings(cluster.create(resource, object)) == row.expected);
  }
}

}  // namespace

TEST_CASE("metadata is validated in upstream's words") {
  Cluster cluster;
  check(cluster, api::kConfigMaps, config_map("x"),
        {{"fine", R"({})", ""},
         {"bad label value", R"({"metadata":{"labels":{"a":"-b"}}})",
          "metadata.labels: Invalid value: \"-b\": a valid label must be an empty string or consist of alphanumeric "
          "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
          "'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"},
         {"unqualified finalizer", R"({"metadata":{"finalizers":["mine"]}})",
          "metadata.finalizers[0]: Invalid value: \"mine\": name is neither a standard finalizer name nor is it fully "
          "qualified"},
         {"two controllers",
          R"({"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"a","uid":"1","controller":true},
                                             {"apiVersion":"v1","kind":"Pod","name":"b","uid":"2","controller":true}]}})",
          "metadata.ownerReferences: Invalid value: "
          "[{\"apiVersion\":\"v1\",\"controller\":true,\"kind\":\"Pod\",\"name\":\"a\",\"uid\":\"1\"},{\"apiVersion\":"
          "\"v1\","
          "\"controller\":true,\"kind\":\"Pod\",\"name\":\"b\",\"uid\":\"2\"}]: Only one reference can have Controller "
          "set to "
          "true. Found \"true\" in references for a and b"},
         {"owner without uid",
          R"({"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"a","uid":""}]}})",
          "metadata.ownerReferences[0].uid: Invalid value: \"\": uid must not be empty"}});
}

TEST_CASE("config maps and secrets are validated in upstream's words") {
  Cluster cluster;
  check(cluster, api::kConfigMaps, config_map("x"),
        {{"a key in both", R"({"data":{"k":"1"},"binaryData":{"k":"AA=="}})",
          "data[k]: Invalid value: \"k\": duplicate of key present in binaryData"},
         {"a bad key", R"({"data":{"a/b":"1"}})",
          "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or "
          "'.' "
          "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"}});
  const Json secret{{"metadata", {{"name", "x"}}}};
  check(cluster, api::kSecrets, secret,
        {{"opaque", R"({"stringData":{"a":"b"}})", ""},
         {"tls", R"({"type":"kubernetes.io/tls","data":{"tls.crt":""}})", "data[tls.key]: Required value"},
         {"basic auth", R"({"type":"kubernetes.io/basic-auth"})",
          "[data[username]: Required value, data[password]: Required value]"},
         {"ssh", R"({"type":"kubernetes.io/ssh-auth"})", "data[ssh-privatekey]: Required value"},
         {"docker", R"({"type":"kubernetes.io/dockerconfigjson"})", "data[.dockerconfigjson]: Required value"},
         {"token", R"({"type":"kubernetes.io/service-account-token"})",
          "metadata.annotations[kubernetes.io/service-account.name]: Required value"}});
  cluster.context.dry_run = false;
  const Json folded =
      *cluster.create(api::kSecrets, Json{{"metadata", {{"name", "s"}}}, {"stringData", {{"a", "hello"}}}});
  CHECK(folded["data"] == Json{{"a", "aGVsbG8="}});
  CHECK(folded["type"] == "Opaque");
  CHECK_FALSE(folded.contains("stringData"));
}

TEST_CASE("pods are validated in upstream's words") {
  Cluster cluster;
  check(
      cluster, api::kPods, pod("x"),
      {{"fine", R"({})", ""},
       {"no containers", R"({"spec":{"containers":null}})", "spec.containers: Required value"},
       {"no image", R"({"spec":{"containers":[{"name":"a"}]}})", "spec.containers[0].image: Required value"},
       {"spaces around the image", R"({"spec":{"containers":[{"name":"a","image":" b"}]}})",
        "spec.containers[0].image: Invalid value: \" b\": must not have leading or trailing whitespace"},
       {"two of a name", R"({"spec":{"containers":[{"name":"a","image":"b"},{"name":"a","image":"c"}]}})",
        "spec.containers[1].name: Duplicate value: \"a\""},
       {"an init container of the same name", R"({"spec":{"initContainers":[{"name":"web","image":"b"}]}})",
        "spec.initContainers[0].name: Duplicate value: \"web\""},
       {"restart policy", R"({"spec":{"restartPolicy":"Sometimes"}})",
        "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\""},
       {"mount without volume",
        R"({"spec":{"containers":[{"name":"a","image":"b","volumeMounts":[{"name":"v","mountPath":"/v"}]}]}})",
        "spec.containers[0].volumeMounts[0].name: Not found: \"v\""},
       {"mount path twice",
        R"({"spec":{"volumes":[{"name":"v"}],"containers":[{"name":"a","image":"b","volumeMounts":[
            {"name":"v","mountPath":"/v"},{"name":"v","mountPath":"/v"}]}]}})",
        "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/v\": must be unique"},
       {"sub path up",
        R"({"spec":{"volumes":[{"name":"v"}],"containers":[{"name":"a","image":"b","volumeMounts":[
            {"name":"v","mountPath":"/v","subPath":"a/../.."}]}]}})",
        "spec.containers[0].volumeMounts[0].subPath: Invalid value: \"a/../..\": must not contain '..'"},
       {"two volume types", R"({"spec":{"volumes":[{"name":"v","emptyDir":{},"hostPath":{"path":"/a"}}]}})",
        "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"},
       {"config map volume without name", R"({"spec":{"volumes":[{"name":"v","configMap":{}}]}})",
        "spec.volumes[0].configMap.name: Required value"},
       {"requests beyond limits",
        R"({"spec":{"containers":[{"name":"a","image":"b","resources":{"limits":{"cpu":"1"},"requests":{"cpu":"2"}}}]}})",
        "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1"},
       {"an unknown resource",
        R"({"spec":{"containers":[{"name":"a","image":"b","resources":{"limits":{"foo":"1"}}}]}})",
        "[spec.containers[0].resources.limits[foo]: Invalid value: \"foo\": must be a standard resource type or fully "
        "qualified, spec.containers[0].resources.limits[foo]: Invalid value: \"foo\": must be a standard resource for "
        "containers, spec.containers[0].resources.requests[foo]: Invalid value: \"foo\": must be a standard resource "
        "type "
        "or fully qualified, spec.containers[0].resources.requests[foo]: Invalid value: \"foo\": must be a standard "
        "resource for containers]"},
       {"value and valueFrom",
        R"({"spec":{"containers":[{"name":"a","image":"b","env":[{"name":"E","value":"1","valueFrom":
            {"configMapKeyRef":{"name":"c","key":"k"}}}]}]}})",
        "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty"},
       {"two sources",
        R"({"spec":{"containers":[{"name":"a","image":"b","env":[{"name":"E","valueFrom":
            {"configMapKeyRef":{"name":"c","key":"k"},"secretKeyRef":{"name":"c","key":"k"}}}]}]}})",
        "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not have more than one field specified at a "
        "time"},
       {"no probe handler", R"({"spec":{"containers":[{"name":"a","image":"b","livenessProbe":{}}]}})",
        "spec.containers[0].livenessProbe: Required value: must specify a handler type"},
       {"liveness successes",
        R"({"spec":{"containers":[{"name":"a","image":"b","livenessProbe":{"successThreshold":2,"exec":{"command":["x"]}}}]}})",
        "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"},
       {"port of a probe",
        R"({"spec":{"containers":[{"name":"a","image":"b","readinessProbe":{"tcpSocket":{"port":70000}}}]}})",
        "spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: 70000: must be between 1 and 65535, "
        "inclusive"},
       {"toleration without key", R"({"spec":{"tolerations":[{"operator":"Equal"}]}})",
        "spec.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty, which "
        "means "
        "\"match all values and all keys\""},
       {"toleration seconds", R"({"spec":{"tolerations":[{"key":"a","operator":"Exists","tolerationSeconds":5}]}})",
        "spec.tolerations[0].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set"},
       {"restart policy of a plain container",
        R"({"spec":{"containers":[{"name":"a","image":"b","restartPolicy":"Always"}]}})",
        "spec.containers[0].restartPolicy: Forbidden: may not be set for non-init containers"},
       {"dns policy None", R"({"spec":{"dnsPolicy":"None"}})",
        "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"},
       {"unknown service account", R"({"spec":{"serviceAccountName":"robot"}})",
        "pods \"x\" is forbidden: error looking up service account default/robot: serviceaccount \"robot\" not found"},
       {"unknown priority class", R"({"spec":{"priorityClassName":"vip"}})",
        "pods \"x\" is forbidden: no PriorityClass with name vip was found"},
       {"own priority", R"({"spec":{"priority":5}})",
        "pods \"x\" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority "
        "admission "
        "controller computed 0 from the given PriorityClass name"}});
}

TEST_CASE("deployments are validated in upstream's words") {
  Cluster cluster;
  check(cluster, api::kDeployments, deployment("x"),
        {{"fine", R"({})", ""},
         {"no selector", R"({"spec":{"selector":null}})", "spec.selector: Required value"},
         {"empty selector", R"({"spec":{"selector":{"matchLabels":null}}})",
          "spec.selector: Invalid value: {}: empty selector is invalid for deployment"},
         {"other labels", R"({"spec":{"template":{"metadata":{"labels":{"app":"db"}}}}})",
          "spec.template.metadata.labels: Invalid value: map[string]string{\"app\":\"db\"}: `selector` does not match "
          "template `labels`"},
         {"negative replicas", R"({"spec":{"replicas":-1}})",
          "spec.replicas: Invalid value: -1: must be greater than or equal to 0"},
         {"both steps 0", R"({"spec":{"strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":"0%"}}}})",
          "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0"},
         {"more than everything", R"({"spec":{"strategy":{"rollingUpdate":{"maxUnavailable":"101%"}}}})",
          "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be greater than 100%"},
         {"no percentage", R"({"spec":{"strategy":{"rollingUpdate":{"maxSurge":"some"}}}})",
          "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"some\": a valid percent string must be a numeric "
          "string "
          "followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"},
         {"steps for Recreate", R"({"spec":{"strategy":{"type":"Recreate","rollingUpdate":{"maxSurge":1}}}})",
          "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"},
         {"deadline", R"({"spec":{"minReadySeconds":10,"progressDeadlineSeconds":10}})",
          "spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds"},
         {"restart policy of the template", R"({"spec":{"template":{"spec":{"restartPolicy":"Never"}}}})",
          "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""}});

  cluster.context.dry_run = false;
  Json created = *cluster.create(api::kDeployments, deployment("y"));
  created["spec"]["selector"]["matchLabels"]["more"] = "x";
  created["spec"]["template"]["metadata"]["labels"]["more"] = "x";
  const std::string message = message_of(cluster.update(api::kDeployments, created));
  CHECK(message.starts_with("Deployment.apps \"y\" is invalid: spec.selector: Invalid value: "));
  CHECK(message.ends_with(": field is immutable"));
}

TEST_CASE("events belong to the namespace of their object") {
  Cluster cluster;
  const Json event{{"metadata", {{"name", "e.1"}}},
                   {"involvedObject", {{"kind", "Pod"}, {"namespace", "default"}, {"name", "web"}}}};
  check(cluster, api::kEvents, event,
        {{"fine", R"({})", ""},
         {"elsewhere", R"({"involvedObject":{"namespace":"kube-system"}})",
          "involvedObject.namespace: Invalid value: \"kube-system\": does not match event.namespace"},
         {"cluster-scoped objects report in default", R"({"involvedObject":{"namespace":null}})", ""}});
}

TEST_CASE("nodes and leases are validated in upstream's words") {
  Cluster cluster;
  check(cluster, api::kNodes, Json{{"metadata", {{"name", "n1"}}}},
        {{"fine", R"({"status":{"capacity":{"cpu":"2"}}})", ""},
         {"taint effect", R"({"spec":{"taints":[{"key":"a","effect":"Never"}]}})",
          "metadata.taints[0].effect: Unsupported value: \"Never\": supported values: \"NoSchedule\", "
          "\"PreferNoSchedule\", \"NoExecute\""}});
  check(cluster, api::kLeases, Json{{"metadata", {{"name", "l"}}}},
        {{"duration", R"({"spec":{"leaseDurationSeconds":0}})",
          "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"}});
}

TEST_CASE("only a few fields of a pod may change") {
  Cluster cluster;
  Json base = pod("web");
  base["spec"]["tolerations"] = Json::array({{{"key", "a"}, {"operator", "Exists"}, {"effect", "NoExecute"}}});
  base["spec"]["activeDeadlineSeconds"] = 15;
  const Json created = *cluster.create(api::kPods, base);
  cluster.context.dry_run = true;
  const std::string forbidden =
      "spec: Forbidden: pod updates may not change fields other than "
      "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
      "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
      "previously negative)";
  auto updated = [&](const char* pointer, Json value) {
    Json object = created;
    object["metadata"].erase("resourceVersion");
    object[Json::json_pointer(pointer)] = std::move(value);
    return findings(cluster.update(api::kPods, object));
  };
  CHECK(updated("/spec/containers/0/image", "nginx:1.14").empty());
  CHECK(updated("/spec/tolerations/3", {{"key", "b"}, {"operator", "Exists"}}).empty());
  CHECK(updated("/metadata/labels", {{"a", "b"}}).empty());
  CHECK(updated("/spec/nodeName", "n1") == forbidden);
  CHECK(updated("/spec/containers/0/name", "other") == forbidden);
  CHECK(updated("/spec/restartPolicy", "Never") == forbidden);
  CHECK(updated("/spec/tolerations", Json::array()) ==
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds");
  CHECK(updated("/spec/activeDeadlineSeconds", 10).empty());
  CHECK(updated("/spec/activeDeadlineSeconds", 20) ==
        "spec.activeDeadlineSeconds: Invalid value: 20: must be less than or equal to previous value");
}
