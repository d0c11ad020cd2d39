#include "test/server/handlers/api_server.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

constexpr const char* kPath = "/api/v1/namespaces/default/configmaps/settings";

Headers headers_of(const std::string& content_type, const std::string& user_agent) {
  Headers headers;
  headers.add("Content-Type", content_type);
  headers.add("User-Agent", user_agent);
  return headers;
}

Answer apply(ApiServer& api, const std::string& query, const std::string& body,
             const std::string& content_type = "application/apply-patch+yaml") {
  return api.send("PATCH", kPath + query, headers_of(content_type, "me/1.0"), body);
}

std::string config_map(const std::string& data) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  a: " + data + "\n";
}

}  // namespace

TEST_CASE("an apply patch creates, then changes") {
  ApiServer api;
  CHECK(apply(api, "?fieldManager=alice", config_map("one")).status == 201);
  const Answer again = apply(api, "?fieldManager=alice", config_map("two"));
  CHECK(again.status == 200);
  CHECK(again.json()["data"]["a"] == "two");
  CHECK(again.json()["metadata"]["managedFields"][0]["operation"] == "Apply");
}

TEST_CASE("a conflict says who owns what") {
  ApiServer api;
  REQUIRE(apply(api, "?fieldManager=alice", config_map("one")).status == 201);
  const Answer refused = apply(api, "?fieldManager=bob", config_map("two"));
  CHECK(refused.status == 409);
  CHECK(refused.json() == Json::parse(R"({
    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
    "message": "Apply failed with 1 conflict: conflict with \"alice\": .data.a",
    "reason": "Conflict",
    "details": {"causes": [{"reason": "FieldManagerConflict", "message": "conflict with \"alice\"", "field": ".data.a"}]},
    "code": 409})"));
  CHECK(apply(api, "?fieldManager=bob&force=true", config_map("two")).status == 200);
}

TEST_CASE("what an apply needs") {
  ApiServer api;
  struct Row {
    const char* name;
    const char *query, *body, *content_type;
    int status;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {"a manager", "", "{}", "application/apply-patch+yaml", 422,
       "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"},
      {"an object", "?fieldManager=a", "text", "application/apply-patch+yaml", 400,
       "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value "
       "of type map[string]interface {}"},
      {"its kind", "?fieldManager=a", "{}", "application/apply-patch+yaml", 400, "invalid object type: /, Kind="},
      {"YAML", "?fieldManager=a", "{}", "application/apply-patch+cbor", 415,
       "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
       "application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml"},
  }));
  INFO(row.name);
  const Answer refused = apply(api, row.query, row.body, row.content_type);
  CHECK(refused.status == row.status);
  CHECK(refused.message() == row.message);
}

TEST_CASE("other writes are managed by the parameter, or else by the program") {
  ApiServer api;
  const std::string body = R"({"metadata": {"name": "a"}, "data": {"k": "v"}})";
  const std::string path = "/api/v1/namespaces/default/configmaps";
  const Headers headers = headers_of("application/json", "kubectl/v1.32.0 (linux/amd64)");
  const std::string query = GENERATE("", "?fieldManager=me");
  const Answer made = api.send("POST", path + query, headers, body);
  REQUIRE(made.status == 201);
  CHECK(made.json()["metadata"]["managedFields"] == Json::parse(R"([{
    "manager": ")" + std::string(query.empty() ? "kubectl" : "me") +
                                                                R"(", "operation": "Update", "apiVersion": "v1",
    "time": "2026-11-22T12:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {".": {}, "f:k": {}}}}])"));
}
