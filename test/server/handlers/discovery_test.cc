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
  CHECK(entry(core["resources"], "name", "bindings")["verbs"] == Json({"create"}));
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
  CHECK(apps.headers.get("Cache-Control") == "public, immutable, max-age=31536000");
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
  const Json paths = api.get("/").json()["paths"];
  CHECK(std::find(paths.begin(), paths.end(), "/apis/apps/v1") != paths.end());
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
  };
  const Row rows[] = {
      {"GET", "/nowhere", 404},
      {"GET", "/api/v2", 404},
      {"GET", "/apis/none.example/v1/things", 404},
      {"GET", "/api/v1/chairs", 404},
      {"GET", "/apis/apps/v1/pods", 404},
      {"GET", "/api/v1/pods/x", 404},
      {"GET", "/api/v1/namespaces/default/nodes", 404},
      {"GET", "/api/v1/namespaces/default/pods/x/soul", 404},
      {"GET", "/api/v1/namespaces/default/pods/x/log/more", 404},
      {"POST", "/version", 405},
      {"POST", "/api/v1/pods", 405},
      {"POST", "/api/v1/namespaces/default/pods/x", 405},
      {"PUT", "/api/v1/namespaces/default/pods", 405},
      {"DELETE", "/api/v1/pods", 405},
      {"DELETE", "/api/v1/namespaces", 405},
      {"GET", "/api/v1/namespaces/default/pods/x/binding", 405},
      {"POST", "/api/v1/namespaces/default/pods/x/log", 405},
      {"OPTIONS", "/api/v1/pods", 405},
      {"BREW", "/api/v1/pods", 405},
  };
  for (const Row& row : rows) {
    INFO(row.method << " " << row.path);
    const Answer answer = api.send(row.method, row.path);
    CHECK(answer.status == row.status);
    CHECK(answer.json()["kind"] == "Status");
    CHECK(answer.message() == (row.status == 404 ? "the server could not find the requested resource"
                                                 : "the server does not allow this method on the requested resource"));
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
