#include "test/server/handlers/api_server.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

const std::string kAggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

Json entry(const Json& list, const char* member, const std::string& name) {
  for (const Json& each : list) {
    if (each[member] == name) return each;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("discovery in its plain form") {
  ApiServer api;
  CHECK(api.get("/api").json()["kind"] == "APIVersions");
  CHECK(api.get("/api").json()["versions"] == Json({"v1"}));

  const Json groups = api.get("/apis").json();
  CHECK(groups["kind"] == "APIGroupList");
  const Json apps = entry(groups["groups"], "name", "apps");
  CHECK(apps["preferredVersion"] == Json({{"groupVersion", "apps/v1"}, {"version", "v1"}}));
  CHECK(apps["versions"][0]["version"] == "v1");
  CHECK(apps["versions"][1]["version"] == "v1beta2");
  CHECK(entry(groups["groups"], "name", "").is_null());

  const Json group = api.get("/apis/apps").json();
  CHECK(group["kind"] == "APIGroup");
  CHECK(group["name"] == "apps");
}

TEST_CASE("resource lists") {
  ApiServer api;
  const Json core = api.get("/api/v1").json();
  CHECK(core["kind"] == "APIResourceList");
  CHECK(core["groupVersion"] == "v1");
  const Json pods = entry(core["resources"], "name", "pods");
  CHECK(pods == Json({{"name", "pods"},
                      {"singularName", "pod"},
                      {"namespaced", true},
                      {"kind", "Pod"},
                      {"verbs", {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}},
                      {"shortNames", {"po"}},
                      {"categories", {"all"}}}));
  CHECK(entry(core["resources"], "name", "pods/status")["verbs"] == Json({"get", "patch", "update"}));
  CHECK(entry(core["resources"], "name", "pods/log")["verbs"] == Json({"get"}));
  CHECK(entry(core["resources"], "name", "pods/ephemeralcontainers")["verbs"] == Json({"get", "patch", "update"}));
  CHECK(entry(core["resources"], "name", "bindings")["verbs"] == Json({"create"}));
  const Json exec = entry(core["resources"], "name", "pods/exec");
  CHECK(exec["kind"] == "PodExecOptions");
  CHECK(exec["verbs"] == Json::array({"create", "get"}));
  CHECK_FALSE(exec.contains("group"));
  const Json eviction = entry(core["resources"], "name", "pods/eviction");
  CHECK(eviction["group"] == "policy");
  CHECK(eviction["version"] == "v1");
  CHECK(eviction["kind"] == "Eviction");
  CHECK(entry(core["resources"], "name", "nodes")["namespaced"] == false);
  CHECK(entry(core["resources"], "name", "namespaces/finalize")["verbs"] == Json({"update"}));
  CHECK(entry(core["resources"], "name", "serviceaccounts/token")["kind"] == "TokenRequest");

  const Json apps = api.get("/apis/apps/v1").json();
  const Json scale = entry(apps["resources"], "name", "deployments/scale");
  CHECK(scale["group"] == "autoscaling");
  CHECK(scale["kind"] == "Scale");
  CHECK(api.get("/apis/apps/v1beta2/").json()["groupVersion"] == "apps/v1beta2");
  CHECK(api.get("/apis/events.k8s.io/v1").json()["resources"][0]["name"] == "events");
}

TEST_CASE("aggregated discovery") {
  ApiServer api;
  const Answer answer = api.get("/apis", kAggregated);
  CHECK(answer.headers.get("Content-Type") == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  const Json list = answer.json();
  CHECK(list["kind"] == "APIGroupDiscoveryList");
  CHECK(list["apiVersion"] == "apidiscovery.k8s.io/v2");
  Json apps;
  for (const Json& item : list["items"]) {
    if (item["metadata"]["name"] == "apps") apps = item;
  }
  CHECK(apps["versions"][0]["version"] == "v1");
  CHECK(apps["versions"][0]["freshness"] == "Current");
  const Json deployments = entry(apps["versions"][0]["resources"], "resource", "deployments");
  CHECK(deployments["responseKind"] == Json({{"group", "apps"}, {"version", "v1"}, {"kind", "Deployment"}}));
  CHECK(deployments["scope"] == "Namespaced");
  CHECK(deployments["singularResource"] == "deployment");
  CHECK(entry(deployments["subresources"], "subresource", "scale")["responseKind"]["group"] == "autoscaling");

  const Json core = api.get("/api", kAggregated).json();
  REQUIRE(core["items"].size() == 1);
  CHECK_FALSE(core["items"][0]["metadata"].contains("name"));

  SECTION("the older version") {
    const Answer old = api.get("/api", "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList");
    CHECK(old.json()["apiVersion"] == "apidiscovery.k8s.io/v2beta1");
  }
  SECTION("a client that prefers the plain form") {
    CHECK(api.get("/apis", "application/json," + kAggregated).json()["kind"] == "APIGroupList");
  }
  SECTION("is not sent again to those who have it") {
    Headers headers;
    headers.set("Accept", kAggregated);
    headers.set("If-None-Match", answer.headers.get("ETag"));
    const Answer again = api.send("GET", "/apis", headers);
    CHECK(again.status == 304);
    CHECK(again.body.empty());
  }
}

TEST_CASE("the OpenAPI documents") {
  ApiServer api;
  const Answer v2 = api.get("/openapi/v2");
  CHECK(v2.json()["swagger"] == "2.0");
  const Answer protobuf = api.get("/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
  CHECK(protobuf.headers.get("Content-Type") == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
  CHECK(protobuf.body.size() > 1000);

  const Json index = api.get("/openapi/v3").json();
  const std::string address = index["paths"]["apis/apps/v1"]["serverRelativeURL"];
  const Answer apps = api.get(address);
  CHECK(apps.status == 200);
  CHECK(apps.headers.get("Cache-Control") == "public, immutable");
  CHECK(apps.headers.get("Expires") == "Mon, 22 Nov 2027 12:00:00 GMT");
  CHECK(apps.json()["paths"].contains("/apis/apps/v1/namespaces/{namespace}/deployments"));
  const Answer stale = api.get("/openapi/v3/apis/apps/v1?hash=old");
  CHECK(stale.status == 301);
  CHECK(stale.headers.get("Location") == address);
  CHECK(api.get("/openapi/v3/apis/none/v1").status == 404);
  CHECK(api.get("/openapi/v2", "text/html").status == 406);
}

TEST_CASE("version and root") {
  ApiServer api;
  const Json version = api.get("/version").json();
  CHECK(version["major"] == "1");
  CHECK(version["minor"] == "32");
  CHECK(version["gitVersion"] == "v1.32.0+skiff");
  CHECK(api.get("/version/").json() == version);  // as python3-kubernetes asks
  // Upstream indents these for everybody.
  CHECK(api.get("/version", "application/yaml").body.starts_with("{\n  \""));
  const Answer root = api.get("/");
  CHECK(root.body.starts_with("{\n  \"paths\": [\n    \""));
  const Json paths = root.json()["paths"];
  for (const char* path : {"/apis/apps/v1", "/healthz/etcd", "/livez/ping", "/openid/v1/jwks", "/openapi/v3"}) {
    INFO(path);
    CHECK(std::find(paths.begin(), paths.end(), path) != paths.end());
  }
}

TEST_CASE("whoever verifies tokens of service accounts finds the key") {
  ApiServer api;
  Headers headers;
  headers.set("Host", "127.0.0.1:6443");
  const Answer configuration = api.send("GET", "/.well-known/openid-configuration", headers);
  CHECK(configuration.headers.get("Content-Type") == "application/json");
  CHECK(configuration.headers.get("Cache-Control") == "public, max-age=3600");
  CHECK(configuration.json() == Json({{"issuer", "https://kubernetes.default.svc.cluster.local"},
                                      {"jwks_uri", "https://127.0.0.1:6443/openid/v1/jwks"},
                                      {"response_types_supported", Json::array({"id_token"})},
                                      {"subject_types_supported", Json::array({"public"})},
                                      {"id_token_signing_alg_values_supported", Json::array({"ES256"})}}));
  const Answer keys = api.get("/openid/v1/jwks");
  CHECK(keys.headers.get("Content-Type") == "application/jwk-set+json");
  const Json key = keys.json()["keys"].at(0);
  CHECK(key["kty"] == "EC");
  CHECK(key["crv"] == "P-256");
  CHECK(key["alg"] == "ES256");
  CHECK(key["use"] == "sig");
  CHECK(key["x"].get<std::string>().size() == 43);
  CHECK(key["y"].get<std::string>().size() == 43);
  CHECK(api.send("POST", "/openid/v1/jwks").status == 405);
}

TEST_CASE("health") {
  ApiServer api;
  CHECK(api.get("/livez").body == "ok");
  CHECK(api.get("/livez").headers.get("Content-Type") == "text/plain; charset=utf-8");
  CHECK(api.get("/readyz/ping").body == "ok");
  CHECK(api.get("/healthz?verbose").body == "[+]ping ok\n[+]etcd ok\nhealthz check passed\n");
  CHECK(api.get("/livez/none").status == 404);
  api.healthy = false;
  const Answer failed = api.get("/livez");
  CHECK(failed.status == 500);
  CHECK(failed.body == "[+]ping ok\n[-]etcd failed: reason withheld\nlivez check failed\n");
  CHECK(api.get("/livez/etcd").status == 500);
  CHECK(api.get("/livez/ping").status == 200);
  CHECK(api.get("/livez?exclude=etcd").body == "ok");
}

TEST_CASE("what is not there, and what cannot be done") {
  ApiServer api;
  struct Row {
    const char* method;
    const char* path;
    int status;
    const char* allow = "";
  };
  const Row rows[] = {
      {"GET", "/api/v2", 404},
      {"GET", "/api/v1/chairs", 404},
      {"GET", "/apis/apps/v9/pods", 404},
      {"GET", "/apis/apps/v1/pods", 404},
      {"GET", "/api/v1/pods/x", 404},
      {"GET", "/api/v1/namespaces/default/nodes", 404},
      {"GET", "/api/v1/namespaces/default/pods/x/soul", 404},
      {"GET", "/api/v1/namespaces/default/pods/x/log/more", 404},
      {"POST", "/version", 405, "GET"},
      {"PUT", "/apis", 405, "GET"},
      {"DELETE", "/apis/apps/v1", 405, "GET"},
      {"POST", "/api/v1/pods", 405, "GET"},
      {"POST", "/api/v1/namespaces/default/pods/x", 405, "DELETE, GET, PATCH, PUT"},
      {"PUT", "/api/v1/namespaces/default/pods", 405, "DELETE, GET, POST"},
      {"DELETE", "/api/v1/pods", 405, "GET"},
      {"DELETE", "/api/v1/namespaces", 405, "GET, POST"},
      {"GET", "/api/v1/namespaces/default/pods/x/binding", 405, "POST"},
      {"POST", "/api/v1/namespaces/default/pods/x/log", 405, "GET"},
      {"OPTIONS", "/api/v1/pods", 405, "GET"},
      {"HEAD", "/api/v1/namespaces/default/pods", 405, "DELETE, GET, POST"},
      {"BREW", "/api/v1/pods", 405, "GET"},
  };
  for (const Row& row : rows) {
    INFO(row.method << " " << row.path);
    const Answer answer = api.send(row.method, row.path);
    CHECK(answer.status == row.status);
    CHECK(answer.headers.get("Allow") == row.allow);
    Json expected = {{"kind", "Status"},           {"apiVersion", "v1"},
                     {"metadata", Json::object()}, {"status", "Failure"},
                     {"code", row.status},         {"details", Json::object()},
                     {"reason", "NotFound"},       {"message", "the server could not find the requested resource"}};
    if (row.status == 405) {
      expected["reason"] = "MethodNotAllowed";
      expected["message"] = "the server does not allow this method on the requested resource";
    }
    CHECK(answer.json() == expected);
  }
}

TEST_CASE("there are no custom resource definitions, and nobody says that there could be") {
  ApiServer api;
  const std::string path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  CHECK(api.get(path).json() == Json({{"kind", "CustomResourceDefinitionList"},
                                      {"apiVersion", "apiextensions.k8s.io/v1"},
                                      {"metadata", {{"resourceVersion", "1"}}},
                                      {"items", Json::array()}}));
  CHECK(api.get(path + "/x").status == 404);
  CHECK(api.post(path, Json::object()).status == 404);
  CHECK(api.get("/apis").body.find("apiextensions") == std::string::npos);
}

TEST_CASE("what lies outside of the API is answered as a plain web server does") {
  ApiServer api;
  for (const char* path : {"/nowhere", "/apis/none.example", "/apis/none.example/v1/things", "/apix", "/livez/none"}) {
    INFO(path);
    const Answer answer = api.get(path);
    CHECK(answer.status == 404);
    CHECK(answer.headers.get("Content-Type") == "text/plain; charset=utf-8");
    CHECK(answer.body == "404 page not found\n");
  }
  for (const char* path : {"/", "/livez", "/openapi/v2", "/openapi/v3"}) {
    INFO(path);
    CHECK(api.send("HEAD", path).status == 200);
  }
}

TEST_CASE("nothing is answered that is not allowed") {
  ApiServer api(AuthorizationMode::kAlwaysDeny);
  const Answer pods = api.get("/api/v1/namespaces/default/pods");
  CHECK(pods.status == 403);
  CHECK(
      pods.message().starts_with("pods is forbidden: User \"alice\" cannot list resource \"pods\" in API group \"\" in "
                                 "the namespace \"default\""));
  CHECK(api.get("/apis").status == 403);
}
