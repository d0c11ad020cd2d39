#include "test/server/handlers/api_server.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

Json pod_of_two() {
  return Json::parse(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"two"},
    "spec":{"containers":[{"name":"nginx","image":"nginx"},{"name":"debian","image":"debian"}]}})");
}

Json deployment(const std::string& api_version) {
  return {{"apiVersion", api_version},
          {"kind", "Deployment"},
          {"metadata", {{"name", "web"}}},
          {"spec", Json::parse(R"({"replicas":3,"selector":{"matchLabels":{"app":"web"}},
            "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}})")}};
}

}  // namespace

TEST_CASE("an object is created, read, replaced and deleted") {
  ApiServer api;
  const Answer created =
      api.post(kConfigMaps,
               {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "a"}}}, {"data", {{"k", "v"}}}});
  CHECK(created.status == 201);
  CHECK(created.headers.get("Content-Type") == "application/json");
  CHECK(created.headers.get("Cache-Control") == "no-cache, private");
  CHECK(created.body.ends_with("}\n"));
  const Json object = created.json();
  CHECK(object["metadata"]["namespace"] == "default");
  CHECK(object["metadata"]["creationTimestamp"] == "2026-11-22T12:00:00Z");

  SECTION("the same bytes come back") {
    const Answer read = api.get(kConfigMaps + "/a");
    CHECK(read.status == 200);
    CHECK(read.body == created.body);
  }
  SECTION("a second one of the name") {
    const Answer again = api.post(kConfigMaps, {{"metadata", {{"name", "a"}}}});
    CHECK(again.status == 409);
    CHECK(again.message() == "configmaps \"a\" already exists");
    CHECK(again.json()["reason"] == "AlreadyExists");
  }
  SECTION("replaced") {
    Json changed = object;
    changed["data"]["k"] = "w";
    const Answer written = api.put(kConfigMaps + "/a", changed);
    CHECK(written.status == 200);
    CHECK(written.json()["data"]["k"] == "w");
    const Answer stale = api.put(kConfigMaps + "/a", object);
    CHECK(stale.status == 409);
    CHECK(
        stale.message() ==
        "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to "
        "the latest version and try again");
  }
  SECTION("replaced under another name") {
    const Answer refused = api.put(kConfigMaps + "/b", object);
    CHECK(refused.status == 400);
    CHECK(refused.message() == "the name of the object (a) does not match the name on the URL (b)");
  }
  SECTION("deleted, with a Status that names it") {
    const Answer deleted = api.remove(kConfigMaps + "/a");
    CHECK(deleted.status == 200);
    CHECK(deleted.json() ==
          Json({{"kind", "Status"},
                {"apiVersion", "v1"},
                {"metadata", Json::object()},
                {"status", "Success"},
                {"details", {{"name", "a"}, {"kind", "configmaps"}, {"uid", object["metadata"]["uid"]}}}}));
    const Answer gone = api.get(kConfigMaps + "/a");
    CHECK(gone.status == 404);
    CHECK(gone.json() == Json({{"kind", "Status"},
                               {"apiVersion", "v1"},
                               {"metadata", Json::object()},
                               {"status", "Failure"},
                               {"message", "configmaps \"a\" not found"},
                               {"reason", "NotFound"},
                               {"details", {{"name", "a"}, {"kind", "configmaps"}}},
                               {"code", 404}}));
  }
  SECTION("deleted only if it is the one that was meant") {
    const Answer refused = api.remove(kConfigMaps + "/a", R"({"preconditions":{"uid":"other"}})");
    CHECK(refused.status == 409);
    CHECK(api.get(kConfigMaps + "/a").status == 200);
  }
  SECTION("a dry run changes nothing") {
    CHECK(api.remove(kConfigMaps + "/a?dryRun=All").status == 200);
    CHECK(api.get(kConfigMaps + "/a").status == 200);
    CHECK(api.post(kConfigMaps + "?dryRun=All", {{"metadata", {{"name", "b"}}}}).status == 201);
    CHECK(api.get(kConfigMaps + "/b").status == 404);
  }
}

TEST_CASE("a deletion that has to wait answers with the object") {
  ApiServer api;
  api.post(kConfigMaps, {{"metadata", {{"name", "a"}, {"finalizers", {"example.com/wait"}}}}});
  const Answer deleted = api.remove(kConfigMaps + "/a");
  CHECK(deleted.status == 200);
  CHECK(deleted.json()["kind"] == "ConfigMap");
  CHECK(deleted.json()["metadata"].contains("deletionTimestamp"));
  CHECK(api.remove(kConfigMaps + "/a", R"({"orphanDependents":false})").status == 202);
}

TEST_CASE("some kinds answer a deletion with the object") {
  ApiServer api;
  REQUIRE(api.post("/api/v1/namespaces/default/pods", pod_of_two()).status == 201);
  const Answer deleted = api.remove("/api/v1/namespaces/default/pods/two", R"({"gracePeriodSeconds":0})");
  CHECK(deleted.status == 200);
  CHECK(deleted.json()["kind"] == "Pod");
  CHECK(api.get("/api/v1/namespaces/default/pods/two").status == 404);
}

TEST_CASE("a collection is deleted by selector") {
  ApiServer api;
  api.post(kConfigMaps, {{"metadata", {{"name", "a"}, {"labels", {{"x", "1"}}}}}});
  api.post(kConfigMaps, {{"metadata", {{"name", "b"}}}});
  const Answer deleted = api.remove(kConfigMaps + "?labelSelector=x=1");
  CHECK(deleted.status == 200);
  CHECK(deleted.json()["kind"] == "ConfigMapList");
  REQUIRE(deleted.json()["items"].size() == 1);
  CHECK(deleted.json()["items"][0]["metadata"]["name"] == "a");
  CHECK(api.get(kConfigMaps).json()["items"].size() == 1);
}

TEST_CASE("the three patches") {
  ApiServer api;
  api.config_map("a", {{"k", "v"}});
  const Answer merged = api.patch(kConfigMaps + "/a", "application/merge-patch+json", {{"data", {{"l", "w"}}}});
  CHECK(merged.status == 200);
  CHECK(merged.json()["data"] == Json({{"k", "v"}, {"l", "w"}}));
  const Answer strategic =
      api.patch(kConfigMaps + "/a", "application/strategic-merge-patch+json", {{"data", {{"k", nullptr}}}});
  CHECK(strategic.json()["data"] == Json({{"l", "w"}}));
  const Json operations = {{{"op", "replace"}, {"path", "/data/l"}, {"value", "z"}}};
  CHECK(api.patch(kConfigMaps + "/a", "application/json-patch+json", operations).json()["data"] == Json({{"l", "z"}}));

  SECTION("of nothing") {
    const Answer missing = api.patch(kConfigMaps + "/b", "application/merge-patch+json", Json::object());
    CHECK(missing.status == 404);
  }
  SECTION("of an unknown type") {
    const Answer refused = api.patch(kConfigMaps + "/a", "application/json", Json::object());
    CHECK(refused.status == 415);
    CHECK(refused.message() ==
          "the body of the request was in an unknown format - accepted media types include: "
          "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, "
          "application/apply-patch+yaml");
  }
}

TEST_CASE("unknown and repeated fields") {
  ApiServer api;
  const std::string body = R"({"metadata":{"name":"a","name":"b"},"dato":{}})";
  SECTION("warn by default") {
    const Answer answer = api.send("POST", kConfigMaps, {}, body);
    CHECK(answer.status == 201);
    CHECK(answer.warnings() == std::vector<std::string>{"299 - \"unknown field \\\"dato\\\"\"",
                                                        "299 - \"duplicate field \\\"metadata.name\\\"\""});
  }
  SECTION("are refused when strict") {
    const Answer answer = api.send("POST", kConfigMaps + "?fieldValidation=Strict", {}, body);
    CHECK(answer.status == 400);
    CHECK(answer.message().starts_with(
        "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: "));
    CHECK(answer.message().find("unknown field \"dato\"") != std::string::npos);
    CHECK(answer.message().find("duplicate field \"metadata.name\"") != std::string::npos);
  }
  SECTION("can be ignored") {
    const Answer answer = api.send("POST", kConfigMaps + "?fieldValidation=Ignore", {}, body);
    CHECK(answer.status == 201);
    CHECK(answer.warnings().empty());
  }
}

TEST_CASE("bodies and answers in YAML") {
  ApiServer api;
  Headers headers;
  headers.set("Content-Type", "application/yaml");
  headers.set("Accept", "application/yaml");
  const Answer created = api.send("POST", kConfigMaps, headers, "metadata:\n  name: a\ndata:\n  k: \"1\"\n");
  CHECK(created.status == 201);
  CHECK(created.headers.get("Content-Type") == "application/yaml");
  CHECK(created.body.find("apiVersion: v1\ndata:\n  k: \"1\"\nkind: ConfigMap\n") == 0);
  const Answer missing = api.get(kConfigMaps + "/b", "application/yaml");
  CHECK(missing.status == 404);
  CHECK(missing.body.find("reason: NotFound\n") != std::string::npos);
}

TEST_CASE("a body in the protocol buffer form is answered in JSON") {
  ApiServer api;
  Headers headers;
  headers.set("Content-Type", "application/vnd.kubernetes.protobuf");
  headers.set("Accept", "application/vnd.kubernetes.protobuf,application/json");
  // runtime.Unknown{typeMeta, raw}, and in raw ConfigMap{metadata{name: pb}, data{k: v}}.
  const std::string body = std::string("k8s\0", 4) +
                           "\x0a\x0f\x0a\x02v1\x12\x09"
                           "ConfigMap" +
                           "\x12\x0e\x0a\x04\x0a\x02pb\x12\x06\x0a\x01k\x12\x01v";
  const Answer created = api.send("POST", kConfigMaps + "?fieldValidation=Strict", headers, body);
  CHECK(created.status == 201);
  CHECK(created.headers.get("Content-Type") == "application/json");
  CHECK(created.json()["metadata"]["name"] == "pb");
  CHECK(created.json()["data"] == Json({{"k", "v"}}));

  const Answer broken = api.send("POST", kConfigMaps, headers, body.substr(0, body.size() - 1));
  CHECK(broken.status == 400);
  const Answer other = api.send("POST", "/api/v1/namespaces/default/pods", headers, body);
  CHECK(other.status == 400);
}

TEST_CASE("indented answers") {
  ApiServer api;
  api.config_map("a");
  CHECK(api.get(kConfigMaps + "/a?pretty=true").body.starts_with("{\n  \"apiVersion\": \"v1\",\n"));
  CHECK(api.get(kConfigMaps + "/a?pretty=false").body.starts_with("{\""));
}

TEST_CASE("a deprecated version says so on every request") {
  ApiServer api;
  const std::string path = "/apis/apps/v1beta2/namespaces/default/deployments";
  const std::vector<std::string> expected = {
      "299 - \"apps/v1beta2 Deployment is deprecated in v1.9+, unavailable in v1.16+; use apps/v1 Deployment\""};
  const Answer created = api.post(path, deployment("apps/v1beta2"));
  CHECK(created.status == 201);
  CHECK(created.json()["apiVersion"] == "apps/v1beta2");
  CHECK(created.warnings() == expected);
  CHECK(api.get(path).warnings() == expected);
  CHECK(api.get(path + "/none").warnings() == expected);
  const Answer stable = api.get("/apis/apps/v1/namespaces/default/deployments/web");
  CHECK(stable.json()["apiVersion"] == "apps/v1");
  CHECK(stable.warnings().empty());
}

TEST_CASE("status is written by its own path") {
  ApiServer api;
  const std::string path = "/apis/apps/v1/namespaces/default/deployments";
  REQUIRE(api.post(path, deployment("apps/v1")).status == 201);
  const Answer patched = api.patch(path + "/web/status", "application/merge-patch+json",
                                   {{"spec", {{"replicas", 9}}}, {"status", {{"replicas", 2}}}});
  CHECK(patched.status == 200);
  CHECK(patched.json()["status"]["replicas"] == 2);
  CHECK(patched.json()["spec"]["replicas"] == 3);
  CHECK(api.get(path + "/web/status").json()["status"]["replicas"] == 2);
}

TEST_CASE("scale shows and sets the number of replicas") {
  ApiServer api;
  const std::string path = "/apis/apps/v1/namespaces/default/deployments";
  REQUIRE(api.post(path, deployment("apps/v1")).status == 201);
  Json scale = api.get(path + "/web/scale").json();
  CHECK(scale["kind"] == "Scale");
  CHECK(scale["apiVersion"] == "autoscaling/v1");
  CHECK(scale["spec"]["replicas"] == 3);
  CHECK(scale["status"]["selector"] == "app=web");

  SECTION("replaced") {
    scale["spec"]["replicas"] = 5;
    const Answer written = api.put(path + "/web/scale", scale);
    CHECK(written.status == 200);
    CHECK(written.json()["kind"] == "Scale");
    CHECK(written.json()["spec"]["replicas"] == 5);
  }
  SECTION("patched") {
    const Answer patched =
        api.patch(path + "/web/scale", "application/merge-patch+json", {{"spec", {{"replicas", 0}}}});
    CHECK(patched.status == 200);
    CHECK(api.get(path + "/web").json()["spec"]["replicas"] == 0);
  }
  SECTION("as a table") {
    const Answer table = api.get(path + "/web/scale", "application/json;as=Table;v=v1;g=meta.k8s.io");
    CHECK(table.json()["rows"][0]["cells"] == Json({"web", 3, 0, "0s"}));
  }
}

TEST_CASE("a pod is bound by either path") {
  ApiServer api;
  REQUIRE(api.post("/api/v1/namespaces/default/pods", pod_of_two()).status == 201);
  const Json binding = {{"metadata", {{"name", "two"}}}, {"target", {{"kind", "Node"}, {"name", "n1"}}}};
  const std::string path =
      GENERATE("/api/v1/namespaces/default/pods/two/binding", "/api/v1/namespaces/default/bindings");
  const Answer bound = api.post(path, binding);
  CHECK(bound.status == 201);
  CHECK(bound.json() == Json({{"kind", "Status"},
                              {"apiVersion", "v1"},
                              {"metadata", Json::object()},
                              {"status", "Success"},
                              {"code", 201}}));
  CHECK(api.get("/api/v1/namespaces/default/pods/two").json()["spec"]["nodeName"] == "n1");
  CHECK(api.post(path, binding).status == 409);
}

TEST_CASE("a binding for another pod than the path names") {
  ApiServer api;
  const Answer refused = api.post("/api/v1/namespaces/default/pods/a/binding",
                                  {{"metadata", {{"name", "b"}}}, {"target", {{"name", "n1"}}}});
  CHECK(refused.status == 400);
  CHECK(refused.message() == "name in URL does not match name in Binding object");
}

TEST_CASE("a pod is evicted") {
  ApiServer api;
  REQUIRE(api.post("/api/v1/namespaces/default/pods", pod_of_two()).status == 201);
  const std::string path = "/api/v1/namespaces/default/pods/two/eviction";
  const Answer refused = api.post(path, {{"deleteOptions", {{"preconditions", {{"uid", "other"}}}}}});
  CHECK(refused.status == 409);
  const Answer evicted =
      api.post(path, {{"metadata", {{"name", "two"}}}, {"deleteOptions", {{"gracePeriodSeconds", 0}}}});
  CHECK(evicted.status == 201);
  CHECK(evicted.json()["status"] == "Success");
  CHECK(api.get("/api/v1/namespaces/default/pods/two").status == 404);
}

TEST_CASE("a token for a service account") {
  ApiServer api;
  REQUIRE(api.post("/api/v1/namespaces/default/serviceaccounts", {{"metadata", {{"name", "robot"}}}}).status == 201);
  const std::string path = "/api/v1/namespaces/default/serviceaccounts/robot/token";
  const Answer issued = api.post(path, {{"spec", {{"expirationSeconds", 700}}}});
  CHECK(issued.status == 201);
  CHECK(issued.json()["kind"] == "TokenRequest");
  CHECK(issued.json()["spec"]["audiences"] == Json::array({"https://kubernetes.default.svc.cluster.local"}));
  CHECK(issued.json()["status"]["expirationTimestamp"] == "2026-11-22T12:11:40Z");
  CHECK(issued.json()["status"]["token"].get<std::string>().size() > 100);

  const Answer brief = api.post(path, {{"spec", {{"expirationSeconds", 1}}}});
  CHECK(brief.status == 422);
  CHECK(
      brief.message() ==
      "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 1: may not specify a "
      "duration less than 10 minutes");
  CHECK(api.post("/api/v1/namespaces/default/serviceaccounts/none/token", {{"spec", Json::object()}}).status == 404);
  const Answer bound =
      api.post(path, {{"spec", {{"boundObjectRef", {{"kind", "Node"}, {"apiVersion", "v1"}, {"name", "n"}}}}}});
  CHECK(bound.status == 400);
}

TEST_CASE("a body that is not an object of the kind") {
  ApiServer api;
  struct Row {
    const char* body;
    const char* message;
  };
  const Row rows[] = {
      {R"({"kind":"Chair","apiVersion":"v1"})",
       "Chair in version \"v1\" cannot be handled as a ConfigMap: no kind \"Chair\" is registered for version \"v1\" "
       "in "
       "scheme \"pkg/api/legacyscheme/scheme.go:30\""},
      {R"({"kind":"Pod","apiVersion":"v1"})",
       "Pod in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown "
       "conversion"},
      {R"({"metadata":{"name":"a","namespace":"other"}})",
       "the namespace of the provided object does not match the namespace sent on the request"},
  };
  for (const Row& row : rows) {
    const Answer answer = api.send("POST", kConfigMaps, {}, row.body);
    INFO(row.body);
    CHECK(answer.status == 400);
    CHECK(answer.message() == row.message);
  }
}
