#include "test/server/handlers/api_server.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

const std::string kTable = "application/json;as=Table;v=v1;g=meta.k8s.io";

// Without what the last write left behind, the bytes are known.
std::string without_newline(std::string text) {
  REQUIRE(text.ends_with('\n'));
  text.pop_back();
  return text;
}

std::vector<std::string> names_of(const Json& list) {
  std::vector<std::string> names;
  for (const Json& item : list["items"]) names.push_back(item["metadata"]["name"]);
  return names;
}

}  // namespace

TEST_CASE("a list is the objects' bytes between a head and a tail") {
  ApiServer api;
  CHECK(api.get(kConfigMaps).body ==
        "{\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}\n");
  api.config_map("b");
  api.config_map("a");
  const std::string a = without_newline(api.get(kConfigMaps + "/a").body);
  const std::string b = without_newline(api.get(kConfigMaps + "/b").body);
  const Answer list = api.get(kConfigMaps);
  CHECK(list.status == 200);
  CHECK(list.body ==
        "{\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"3\"},\"items\":[" + a +
            "," + b + "]}\n");
}

TEST_CASE("lists across namespaces, by selector and in pages") {
  ApiServer api;
  for (const char* name : {"a", "b", "c"}) api.config_map(name);
  api.post("/api/v1/namespaces/other/configmaps", {{"metadata", {{"name", "d"}, {"labels", {{"x", "1"}}}}}});
  using Names = std::vector<std::string>;
  CHECK(names_of(api.get(kConfigMaps).json()) == Names{"a", "b", "c"});
  CHECK(names_of(api.get("/api/v1/configmaps").json()) == Names{"a", "b", "c", "d"});
  CHECK(names_of(api.get("/api/v1/configmaps?labelSelector=x=1").json()) == Names{"d"});
  CHECK(names_of(api.get("/api/v1/configmaps?fieldSelector=metadata.name=b").json()) == Names{"b"});

  const Json first = api.get("/api/v1/configmaps?limit=3").json();
  CHECK(names_of(first) == Names{"a", "b", "c"});
  CHECK(first["metadata"]["remainingItemCount"] == 1);
  api.config_map("aa");
  const Json second =
      api.get("/api/v1/configmaps?limit=3&continue=" + first["metadata"]["continue"].get<std::string>()).json();
  CHECK(names_of(second) == Names{"d"});
  CHECK(second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]);
  CHECK_FALSE(second["metadata"].contains("continue"));
}

TEST_CASE("list parameters that are refused") {
  ApiServer api;
  CHECK(api.get(kConfigMaps + "?limit=x").status == 400);
  CHECK(api.get(kConfigMaps + "?labelSelector=a in").status == 400);
  CHECK(api.get(kConfigMaps + "?resourceVersionMatch=Exact").status == 422);
  CHECK(api.get(kConfigMaps + "?resourceVersion=abc").status == 400);
  const Answer unknown = api.get(kConfigMaps + "?fieldSelector=data.k=v");
  CHECK(unknown.status == 400);
  CHECK(unknown.message() ==
        "\"data.k\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
}

TEST_CASE("an expired list comes with the token that carries on") {
  ApiServer api;
  for (const char* name : {"a", "b", "c"}) api.config_map(name);
  const std::string token = api.get(kConfigMaps + "?limit=1").json()["metadata"]["continue"];
  api.remove(kConfigMaps + "/b");
  REQUIRE(api.store->compact(api.store->revision()));
  const Answer expired = api.get(kConfigMaps + "?limit=1&continue=" + token);
  CHECK(expired.status == 410);
  CHECK(expired.json()["reason"] == "Expired");
  CHECK(expired.message().starts_with("The provided continue parameter is too old to display a consistent list"));
  const std::string fresh = expired.json()["metadata"]["continue"];
  CHECK(names_of(api.get(kConfigMaps + "?limit=1&continue=" + fresh).json()) == std::vector<std::string>{"c"});
}

TEST_CASE("a version to come is a time-out that may be tried again") {
  ApiServer api;
  for (const std::string& path : {kConfigMaps + "?resourceVersion=999", kConfigMaps + "/a?resourceVersion=999"}) {
    const Answer answer = api.get(path);
    CHECK(answer.status == 504);
    CHECK(answer.headers.get("Retry-After") == "1");
    CHECK(answer.json() == Json::parse(R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
        "message":"Timeout: Too large resource version: 999, current: 1","reason":"Timeout","code":504,
        "details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],
                   "retryAfterSeconds":1}})"));
  }
}

TEST_CASE("a collection is deleted page by page") {
  ApiServer api;
  for (const char* name : {"a", "b", "c"}) api.config_map(name);
  const Json first = api.remove(kConfigMaps + "?limit=2").json();
  CHECK(first["kind"] == "ConfigMapList");
  CHECK(names_of(first) == std::vector<std::string>{"a", "b"});
  CHECK(first["metadata"].contains("continue"));
  CHECK(names_of(api.get(kConfigMaps).json()) == std::vector<std::string>{"c"});
  CHECK(names_of(api.remove(kConfigMaps).json()) == std::vector<std::string>{"c"});
  CHECK(names_of(api.get(kConfigMaps).json()).empty());
}

TEST_CASE("tables") {
  ApiServer api;
  api.config_map("a", {{"k", "v"}});
  api.clock.advance(std::chrono::seconds(125));
  const Json table = api.get(kConfigMaps, kTable).json();
  CHECK(table["kind"] == "Table");
  CHECK(table["apiVersion"] == "meta.k8s.io/v1");
  CHECK(table["metadata"]["resourceVersion"] == "2");
  CHECK(table["columnDefinitions"][0]["name"] == "Name");
  CHECK(table["columnDefinitions"][0]["format"] == "name");
  REQUIRE(table["rows"].size() == 1);
  const Json& row = table["rows"][0];
  CHECK(row["cells"] == Json({"a", 1, "2m5s"}));
  CHECK(row["object"]["kind"] == "PartialObjectMetadata");
  CHECK(row["object"]["apiVersion"] == "meta.k8s.io/v1");
  CHECK(row["object"]["metadata"]["name"] == "a");
  CHECK_FALSE(row["object"].contains("data"));

  SECTION("of one object") {
    const Json single = api.get(kConfigMaps + "/a", kTable).json();
    CHECK(single["metadata"]["resourceVersion"] == "2");
    CHECK(single["rows"] == table["rows"]);
  }
  SECTION("with more or less of the objects") {
    const Json full = api.get(kConfigMaps + "?includeObject=Object", kTable).json();
    CHECK(full["rows"][0]["object"] == api.get(kConfigMaps + "/a").json());
    CHECK(api.get(kConfigMaps + "?includeObject=None", kTable).json()["rows"][0]["object"].is_null());
    CHECK(api.get(kConfigMaps + "?includeObject=x", kTable).status == 400);
  }
  SECTION("of the older version") {
    const Json old = api.get(kConfigMaps, "application/json;as=Table;v=v1beta1;g=meta.k8s.io").json();
    CHECK(old["apiVersion"] == "meta.k8s.io/v1beta1");
    CHECK(old["rows"][0]["object"]["apiVersion"] == "meta.k8s.io/v1beta1");
  }
  SECTION("not of failures") { CHECK(api.get(kConfigMaps + "/none", kTable).json()["kind"] == "Status"); }
}

TEST_CASE("metadata alone") {
  ApiServer api;
  const Json object = api.config_map("a", {{"k", "v"}});
  const std::string one = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
  const std::string many = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
  const Json partial = api.get(kConfigMaps + "/a", one).json();
  CHECK(partial ==
        Json({{"kind", "PartialObjectMetadata"}, {"apiVersion", "meta.k8s.io/v1"}, {"metadata", object["metadata"]}}));
  const Json list = api.get(kConfigMaps, many).json();
  CHECK(list["kind"] == "PartialObjectMetadataList");
  CHECK(list["items"] == Json::array({partial}));

  const Answer wrong = api.get(kConfigMaps, one);
  CHECK(wrong.status == 406);
  CHECK(wrong.message() ==
        "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)");
  CHECK(api.get(kConfigMaps + "/a", many).status == 406);
}

TEST_CASE("nothing acceptable") {
  ApiServer api;
  const Answer answer = api.get(kConfigMaps, "application/vnd.kubernetes.protobuf");
  CHECK(answer.status == 406);
  CHECK(answer.headers.get("Content-Type") == "application/json");
}
