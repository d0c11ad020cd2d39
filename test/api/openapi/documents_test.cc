#include "api/base/ids.h"
#include "api/base/json.h"
#include "api/openapi/openapi.h"
#include "test/api/catalog.h"
#include "test/api/openapi/served_resources.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>
#include <set>

namespace skiff {
namespace {

using api::openapi::Document;
using test::served_resources;

using test::catalog;

Json parsed(const Document& document) {
  Result<ParsedJson> result = parse_json(document.bytes);
  REQUIRE(result);
  return result->value;
}

Json v2() { return parsed(api::openapi::v2_documents(catalog(), served_resources(), "v1.32.0").json); }

Json v3(std::string_view path) {
  const api::openapi::V3Documents documents = api::openapi::v3_documents(catalog(), served_resources(), "v1.32.0");
  const auto found = documents.by_path.find(path);
  REQUIRE(found != documents.by_path.end());
  return parsed(found->second);
}

void for_each_object(const Json& json, const std::function<void(const Json&)>& visit) {
  if (json.is_object()) visit(json);
  if (json.is_structured()) {
    for (const Json& child : json) for_each_object(child, visit);
  }
}

// Every reference points to a definition, and every definition but those named is referred to.
void check_references(const Json& document, const std::string& prefix, const Json& definitions) {
  std::set<std::string> used;
  for_each_object(document, [&](const Json& object) {
    const std::string reference = string_at(object, {"$ref"});
    if (reference.empty()) return;
    REQUIRE(reference.starts_with(prefix));
    const std::string name = reference.substr(prefix.size());
    CAPTURE(name);
    CHECK(definitions.contains(name));
    used.insert(name);
  });
  for (const auto& [name, definition] : definitions.items()) {
    CAPTURE(name);
    CHECK(used.contains(name));
    CHECK(!string_at(definition, {"description"}).empty());
  }
}

std::set<std::string> query_names(const Json& operation) {
  std::set<std::string> names;
  if (!operation.contains("parameters")) return names;
  for (const Json& parameter : operation.at("parameters")) {
    if (string_at(parameter, {"in"}) == "query") names.insert(string_at(parameter, {"name"}));
  }
  return names;
}

const Json kDeploymentKind{{"group", "apps"}, {"version", "v1"}, {"kind", "Deployment"}};

}  // namespace

TEST_CASE("OpenAPI: references resolve and nothing is left over") {
  SECTION("v2") {
    const Json document = v2();
    check_references(document, "#/definitions/", document.at("definitions"));
  }
  SECTION("v3") {
    for (const char* path : {"api/v1", "apis/apps/v1", "apis/apps/v1beta2", "apis/coordination.k8s.io/v1"}) {
      CAPTURE(path);
      const Json document = v3(path);
      check_references(document, "#/components/schemas/", document.at("components").at("schemas"));
    }
  }
}

TEST_CASE("OpenAPI: a definition says what the schema says") {
  const Json document = v2();
  const Json& definitions = document.at("definitions");

  SECTION("kinds and their lists carry their group-version-kind") {
    CHECK(definitions.at("io.k8s.api.apps.v1.Deployment").at("x-kubernetes-group-version-kind") ==
          Json::array({kDeploymentKind}));
    CHECK(definitions.at("io.k8s.api.apps.v1beta2.Deployment")
              .at("x-kubernetes-group-version-kind")
              .at(0)
              .at("version") == "v1beta2");
    const Json& list = definitions.at("io.k8s.api.core.v1.PodList");
    CHECK(list.at("x-kubernetes-group-version-kind").at(0) ==
          Json({{"group", ""}, {"version", "v1"}, {"kind", "PodList"}}));
    CHECK(list.at("required") == Json::array({"items"}));
    CHECK(list.at("properties").at("items").at("items").at("$ref") == "#/definitions/io.k8s.api.core.v1.Pod");
    CHECK_FALSE(definitions.at("io.k8s.api.core.v1.PodSpec").contains("x-kubernetes-group-version-kind"));
  }
  SECTION("how lists and maps are merged") {
    const Json& pod = definitions.at("io.k8s.api.core.v1.PodSpec").at("properties");
    CHECK(pod.at("containers").at("x-kubernetes-list-type") == "map");
    CHECK(pod.at("containers").at("x-kubernetes-list-map-keys") == Json::array({"name"}));
    CHECK(pod.at("containers").at("x-kubernetes-patch-strategy") == "merge");
    CHECK(pod.at("containers").at("x-kubernetes-patch-merge-key") == "name");
    CHECK(pod.at("volumes").at("x-kubernetes-patch-strategy") == "merge,retainKeys");
    CHECK(pod.at("tolerations").at("x-kubernetes-list-type") == "atomic");
    CHECK_FALSE(pod.at("tolerations").contains("x-kubernetes-patch-strategy"));
    CHECK(pod.at("nodeSelector").at("x-kubernetes-map-type") == "atomic");
    const Json& meta = definitions.at("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta").at("properties");
    CHECK(meta.at("finalizers").at("x-kubernetes-list-type") == "set");
    CHECK(meta.at("finalizers").at("x-kubernetes-patch-strategy") == "merge");
    CHECK(definitions.at("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector").at("x-kubernetes-map-type") == "atomic");
    const Json& deployment = definitions.at("io.k8s.api.apps.v1.DeploymentSpec").at("properties");
    CHECK(deployment.at("strategy").at("x-kubernetes-patch-strategy") == "retainKeys");
  }
  SECTION("types, formats, enums and required fields") {
    const Json& port = definitions.at("io.k8s.api.core.v1.ContainerPort");
    CHECK(port.at("properties").at("containerPort").at("type") == "integer");
    CHECK(port.at("properties").at("containerPort").at("format") == "int32");
    CHECK(port.at("properties").at("protocol").at("enum") == Json::array({"SCTP", "TCP", "UDP"}));
    CHECK(port.at("required") == Json::array({"containerPort"}));
    const Json& status = definitions.at("io.k8s.api.core.v1.ContainerStatus");
    CHECK(status.at("required") == Json::array({"image", "imageID", "name", "ready", "restartCount"}));
    const Json& limits = definitions.at("io.k8s.api.core.v1.ResourceRequirements").at("properties").at("limits");
    CHECK(limits.at("additionalProperties").at("$ref") ==
          "#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity");
    CHECK(definitions.at("io.k8s.apimachinery.pkg.util.intstr.IntOrString").at("format") == "int-or-string");
    CHECK(definitions.at("io.k8s.apimachinery.pkg.apis.meta.v1.Time").at("format") == "date-time");
  }
}

TEST_CASE("OpenAPI: what v3 says that v2 cannot") {
  const Json document = v3("api/v1");
  const Json& schemas = document.at("components").at("schemas");
  const Json& spec = schemas.at("io.k8s.api.core.v1.PodSpec").at("properties");
  CHECK(spec.at("restartPolicy").at("default") == "Always");
  const Json& metadata = schemas.at("io.k8s.api.core.v1.Pod").at("properties").at("metadata");
  CHECK(metadata.at("allOf").at(0).at("$ref") ==
        "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  CHECK(metadata.at("default") == Json::object());
  CHECK_FALSE(metadata.contains("$ref"));
  CHECK(schemas.at("io.k8s.apimachinery.pkg.api.resource.Quantity").at("oneOf").size() == 2);
  CHECK_FALSE(schemas.at("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
                  .at("properties")
                  .at("creationTimestamp")
                  .contains("default"));
  for_each_object(v2().at("definitions").at("io.k8s.api.core.v1.PodSpec"),
                  [](const Json& object) { CHECK_FALSE(object.contains("default")); });
}

TEST_CASE("OpenAPI: paths and operations") {
  const Json document = v2();
  const Json& paths = document.at("paths");

  SECTION("each path has the methods that are served") {
    struct Row {
      const char* path;
      std::vector<std::string> methods;
    };
    const Row rows[] = {
        {"/api/v1/namespaces", {"get", "parameters", "post"}},
        {"/api/v1/namespaces/{name}", {"delete", "get", "parameters", "patch", "put"}},
        {"/api/v1/namespaces/{name}/status", {"get", "parameters", "patch", "put"}},
        {"/api/v1/pods", {"get", "parameters"}},
        {"/api/v1/namespaces/{namespace}/pods", {"delete", "get", "parameters", "post"}},
        {"/api/v1/namespaces/{namespace}/pods/{name}/binding", {"parameters", "post"}},
        {"/api/v1/namespaces/{namespace}/pods/{name}/log", {"get", "parameters"}},
        {"/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale", {"get", "parameters", "patch", "put"}},
        {"/apis/apps/v1beta2/deployments", {"get", "parameters"}},
    };
    for (const Row& row : rows) {
      CAPTURE(row.path);
      REQUIRE(paths.contains(row.path));
      std::vector<std::string> methods;
      for (const auto& [method, operation] : paths.at(row.path).items()) methods.push_back(method);
      CHECK(methods == row.methods);
    }
    for (const auto& [path, item] : paths.items()) CHECK(path.find("unknown") == std::string::npos);
  }
  SECTION("operation IDs are unique and named as upstream names them") {
    std::set<std::string> ids;
    for_each_object(paths, [&](const Json& object) {
      const std::string id = string_at(object, {"operationId"});
      if (id.empty()) return;
      CAPTURE(id);
      CHECK(ids.insert(id).second);
    });
    for (const char* id : {"listCoreV1PodForAllNamespaces", "deleteCoreV1CollectionNamespacedPod",
                           "readCoreV1Namespace", "replaceAppsV1NamespacedDeploymentScale",
                           "createCoreV1NamespacedPodBinding", "patchCoordinationV1NamespacedLease"}) {
      CAPTURE(id);
      CHECK(ids.contains(id));
    }
  }
  SECTION("the parameters in a path's braces are declared, and no others") {
    for (const auto& [path, item] : paths.items()) {
      CAPTURE(path);
      std::set<std::string> declared;
      for (const Json& parameter : item.at("parameters")) {
        if (string_at(parameter, {"in"}) == "path") declared.insert(string_at(parameter, {"name"}));
      }
      std::set<std::string> used;
      for (const char* name : {"name", "namespace"}) {
        if (path.find("{" + std::string(name) + "}") != std::string::npos) used.insert(name);
      }
      CHECK(declared == used);
    }
  }
  SECTION("what kubectl looks for to know that the server validates fields and does dry runs") {
    const Json v3_document = v3("apis/apps/v1");
    const Json& v3_paths = v3_document.at("paths");
    for (const Json* all : {&paths, &v3_paths}) {
      const Json& patch = all->at("/apis/apps/v1/namespaces/{namespace}/deployments/{name}").at("patch");
      CHECK(patch.at("x-kubernetes-group-version-kind") == kDeploymentKind);
      CHECK(patch.at("x-kubernetes-action") == "patch");
      CHECK(query_names(patch) == std::set<std::string>{"dryRun", "fieldManager", "fieldValidation", "force"});
    }
  }
  SECTION("a subresource is of the kind that is sent to it") {
    const Json& exec = paths.at("/api/v1/namespaces/{namespace}/pods/{name}/exec");
    CHECK(exec.at("get").at("operationId") == "connectCoreV1GetNamespacedPodExec");
    CHECK(exec.at("post").at("operationId") == "connectCoreV1PostNamespacedPodExec");
    CHECK(exec.at("get").at("x-kubernetes-action") == "connect");
    CHECK(exec.at("get").at("x-kubernetes-group-version-kind").at("kind") == "PodExecOptions");
    CHECK(exec.at("get").at("parameters").at(0).at("name") == "command");
    const Json& eviction = paths.at("/api/v1/namespaces/{namespace}/pods/{name}/eviction").at("post");
    CHECK(eviction.at("x-kubernetes-group-version-kind") ==
          Json({{"group", "policy"}, {"version", "v1"}, {"kind", "Eviction"}}));
    CHECK(eviction.at("parameters").at(0).at("schema").at("$ref") == "#/definitions/io.k8s.api.policy.v1.Eviction");
    const Json& status = paths.at("/api/v1/namespaces/{namespace}/pods/{name}/status").at("put");
    CHECK(status.at("x-kubernetes-group-version-kind").at("kind") == "Pod");
    const Json& log = paths.at("/api/v1/namespaces/{namespace}/pods/{name}/log").at("get");
    CHECK(log.at("responses").at("200").at("schema") == Json({{"type", "string"}}));
  }
  SECTION("bodies and responses of v3") {
    const Json v3_document = v3("api/v1");
    const Json& pods = v3_document.at("paths").at("/api/v1/namespaces/{namespace}/pods");
    CHECK(pods.at("post").at("requestBody").at("content").at("*/*").at("schema").at("$ref") ==
          "#/components/schemas/io.k8s.api.core.v1.Pod");
    CHECK(pods.at("post").at("requestBody").at("required") == true);
    CHECK_FALSE(pods.at("delete").at("requestBody").contains("required"));
    CHECK(pods.at("get").at("responses").at("200").at("content").contains("application/json;stream=watch"));
    const Json& pod = v3_document.at("paths").at("/api/v1/namespaces/{namespace}/pods/{name}");
    CHECK(pod.at("patch").at("requestBody").at("content").contains("application/apply-patch+yaml"));
  }
}

TEST_CASE("OpenAPI: the v3 index names every group-version with the hash of its document") {
  const api::openapi::V3Documents documents = api::openapi::v3_documents(catalog(), served_resources(), "v1.32.0");
  const Json paths = parsed(documents.index).at("paths");
  std::vector<std::string> names;
  for (const auto& [path, entry] : paths.items()) {
    names.push_back(path);
    const Document& document = documents.by_path.at(path);
    CHECK(document.hash == sha256_hex(document.bytes));
    CHECK(entry.at("serverRelativeURL") == "/openapi/v3/" + path + "?hash=" + document.hash);
  }
  CHECK(names ==
        std::vector<std::string>{"api/v1", "apis/apps/v1", "apis/apps/v1beta2", "apis/coordination.k8s.io/v1"});
}

TEST_CASE("OpenAPI: equal input makes equal bytes") {
  const auto first = api::openapi::v2_documents(catalog(), served_resources(), "v1.32.0");
  const auto second = api::openapi::v2_documents(catalog(), served_resources(), "v1.32.0");
  const auto other = api::openapi::v2_documents(catalog(), served_resources(), "v1.32.1");
  CHECK(first.json.hash == second.json.hash);
  CHECK(first.protobuf.bytes == second.protobuf.bytes);
  CHECK(first.json.hash != other.json.hash);
}

}  // namespace skiff
