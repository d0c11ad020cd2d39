#include "test/server/handlers/api_server.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace skiff;
using namespace skiff::server;

namespace {

// The events of a piece of a stream, one per line.
std::vector<Json> events_of(const std::string& text) {
  std::vector<Json> events;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    REQUIRE(end != std::string::npos);
    events.push_back(Json::parse(text.substr(start, end - start)));
    start = end + 1;
  }
  return events;
}

std::string summary(const Json& event) {
  return event["type"].get<std::string>() + " " + string_at(event, {"object", "metadata", "name"});
}

}  // namespace

TEST_CASE("a watch shows what is there and then what happens") {
  ApiServer api;
  api.config_map("a");
  const Answer watch = api.get(kConfigMaps + "?watch=1");
  CHECK(watch.status == 200);
  CHECK(watch.headers.get("Content-Type") == "application/json");
  REQUIRE(watch.stream);
  std::string a = api.get(kConfigMaps + "/a").body;
  a.pop_back();
  CHECK(api.next(*watch.stream) == "{\"type\":\"ADDED\",\"object\":" + a + "}\n");

  const auto pending = api.begin_next(*watch.stream);
  api.post("/api/v1/namespaces/other/configmaps", {{"metadata", {{"name", "elsewhere"}}}});
  api.config_map("b");
  CHECK(summary(events_of(api.finish(pending)).at(0)) == "ADDED b");
  api.patch(kConfigMaps + "/b", "application/merge-patch+json", {{"data", {{"k", "v"}}}});
  api.remove(kConfigMaps + "/b");
  const std::vector<Json> events = events_of(api.next(*watch.stream));
  REQUIRE(events.size() == 2);
  CHECK(summary(events[0]) == "MODIFIED b");
  CHECK(summary(events[1]) == "DELETED b");
  CHECK(events[1]["object"]["data"]["k"] == "v");
}

TEST_CASE("a watch from a version shows only what came later") {
  ApiServer api;
  api.config_map("a");
  const std::string version = api.get(kConfigMaps).json()["metadata"]["resourceVersion"];
  api.config_map("b");
  const Answer watch = api.get(kConfigMaps + "?watch=1&resourceVersion=" + version);
  CHECK(summary(events_of(api.next(*watch.stream)).at(0)) == "ADDED b");
}

TEST_CASE("objects enter and leave a selection") {
  ApiServer api;
  api.config_map("a");
  const Answer watch = api.get(kConfigMaps + "?watch=1&labelSelector=x=1");
  const auto pending = api.begin_next(*watch.stream);
  api.patch(kConfigMaps + "/a", "application/merge-patch+json", {{"metadata", {{"labels", {{"x", "1"}}}}}});
  CHECK(summary(events_of(api.finish(pending)).at(0)) == "ADDED a");
  api.patch(kConfigMaps + "/a", "application/merge-patch+json", {{"metadata", {{"labels", {{"x", "2"}}}}}});
  CHECK(summary(events_of(api.next(*watch.stream)).at(0)) == "DELETED a");
}

TEST_CASE("cancelling a watch ends it") {
  ApiServer api;
  const Answer watch = api.get(kConfigMaps + "?watch=1");
  SECTION("while it waits") {
    const auto pending = api.begin_next(*watch.stream);
    watch.stream->cancel();
    CHECK(api.finish(pending).empty());
  }
  SECTION("while nobody waits") {
    api.config_map("a");
    watch.stream->cancel();
    CHECK(api.next(*watch.stream).empty());
  }
}

TEST_CASE("a watch that nobody reads holds only a place in the log") {
  ApiServer api;
  const Answer watch = api.get(kConfigMaps + "?watch=1&resourceVersion=1");
  for (int i = 0; i < 3; ++i) api.config_map("a" + std::to_string(i));
  REQUIRE(api.store->compact(api.store->revision()));
  const std::vector<Json> events = events_of(api.next(*watch.stream));
  REQUIRE(events.size() == 1);
  CHECK(events[0]["type"] == "ERROR");
  CHECK(events[0]["object"]["code"] == 410);
  CHECK(events[0]["object"]["reason"] == "Expired");
  CHECK(api.next(*watch.stream).empty());
}

TEST_CASE("a watch from before the log begins is told so in the stream") {
  ApiServer api;
  for (int i = 0; i < 3; ++i) api.config_map("a" + std::to_string(i));
  REQUIRE(api.store->compact(api.store->revision()));
  const Answer watch = api.get(kConfigMaps + "?watch=1&resourceVersion=2");
  CHECK(watch.status == 200);
  REQUIRE(watch.stream);
  const Json event = events_of(api.next(*watch.stream)).at(0);
  CHECK(event["type"] == "ERROR");
  CHECK(event["object"]["message"] == "too old resource version: 2 (4)");
  CHECK(api.next(*watch.stream).empty());
}

TEST_CASE("a watch ends at its time-out, with a bookmark for those who asked") {
  ApiServer api;
  api.config_map("a");
  SECTION("without bookmarks") {
    const Answer watch = api.get(kConfigMaps + "?watch=1&resourceVersion=2&timeoutSeconds=1");
    CHECK(api.next(*watch.stream).empty());
  }
  SECTION("with bookmarks") {
    const Answer watch = api.get(kConfigMaps + "?watch=1&resourceVersion=2&timeoutSeconds=1&allowWatchBookmarks=true");
    CHECK(api.next(*watch.stream) ==
          "{\"type\":\"BOOKMARK\",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":"
          "{\"creationTimestamp\":null,\"resourceVersion\":\"2\"}}}\n");
    CHECK(api.next(*watch.stream).empty());
  }
}

TEST_CASE("a streaming list marks where the present state ends") {
  ApiServer api;
  api.config_map("a");
  const std::string path = kConfigMaps + "?watch=1&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
  SECTION("with the present state") {
    const std::string version = GENERATE("", "0", "2");
    const Answer watch = api.get(path + "&sendInitialEvents=true&resourceVersion=" + version);
    CHECK(summary(events_of(api.next(*watch.stream)).at(0)) == "ADDED a");
    const Json bookmark = events_of(api.next(*watch.stream)).at(0);
    CHECK(bookmark["type"] == "BOOKMARK");
    CHECK(bookmark["object"]["metadata"]["annotations"] == Json({{"k8s.io/initial-events-end", "true"}}));
    CHECK(bookmark["object"]["metadata"]["resourceVersion"] == "2");
    api.config_map("b");
    CHECK(summary(events_of(api.next(*watch.stream)).at(0)) == "ADDED b");
  }
  SECTION("before any change, however busy the writers are") {
    const Answer watch = api.get(path + "&sendInitialEvents=true");
    api.config_map("b");
    CHECK(summary(events_of(api.next(*watch.stream)).at(0)) == "ADDED a");
    const std::vector<Json> then = events_of(api.next(*watch.stream));
    REQUIRE(then.size() == 2);
    CHECK(then[0]["type"] == "BOOKMARK");
    CHECK(then[0]["object"]["metadata"]["resourceVersion"] == "2");
    CHECK(summary(then[1]) == "ADDED b");
  }
  SECTION("of nothing") {
    const Answer watch = api.get(path + "&sendInitialEvents=true&labelSelector=x=1");
    CHECK(events_of(api.next(*watch.stream)).at(0)["type"] == "BOOKMARK");
  }
  SECTION("but not for those who want no bookmarks") {
    const Answer watch =
        api.get(kConfigMaps + "?watch=1&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&timeoutSeconds=1");
    CHECK(summary(events_of(api.next(*watch.stream)).at(0)) == "ADDED a");
    api.config_map("b");
    CHECK(summary(events_of(api.next(*watch.stream)).at(0)) == "ADDED b");
  }
  SECTION("without it") {
    const Answer watch = api.get(path + "&sendInitialEvents=false");
    const auto pending = api.begin_next(*watch.stream);
    api.config_map("b");
    CHECK(summary(events_of(api.finish(pending)).at(0)) == "ADDED b");
  }
}

TEST_CASE("tables and metadata of a watch") {
  ApiServer api;
  SECTION("only the first table describes its columns") {
    const Answer watch = api.get(kConfigMaps + "?watch=1", "application/json;as=Table;v=v1;g=meta.k8s.io");
    api.config_map("a");
    api.config_map("b");
    const std::vector<Json> events = events_of(api.next(*watch.stream));
    REQUIRE(events.size() == 2);
    CHECK(events[0]["object"]["kind"] == "Table");
    CHECK(events[0]["object"]["columnDefinitions"].size() == 3);
    CHECK(events[0]["object"]["rows"][0]["cells"][0] == "a");
    CHECK(events[1]["object"]["columnDefinitions"].is_null());
    CHECK(events[1]["object"]["rows"][0]["cells"][0] == "b");
    CHECK(events[1]["object"]["rows"][0]["object"]["metadata"]["name"] == "b");
  }
  SECTION("metadata") {
    const Answer watch =
        api.get(kConfigMaps + "?watch=1", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io");
    api.config_map("a", {{"k", "v"}});
    const Json event = events_of(api.next(*watch.stream)).at(0);
    CHECK(event["object"]["kind"] == "PartialObjectMetadata");
    CHECK_FALSE(event["object"].contains("data"));
  }
  SECTION("a list's metadata is nothing that an event could carry") {
    const Answer answer =
        api.get(kConfigMaps + "?watch=1", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
    CHECK(answer.status == 406);
    CHECK(answer.message() ==
          "you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)");
  }
}

TEST_CASE("a bookmark comes in the shape of the other events") {
  ApiServer server;
  const std::string query =
      "?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
  const auto bookmark = [&](const std::string& resource, const std::string& accept) {
    const Answer watch = server.get("/" + resource + query, "application/json;" + accept);
    REQUIRE(watch.stream);
    const Json event = events_of(server.next(*watch.stream)).at(0);
    CHECK(event["type"] == "BOOKMARK");
    return event["object"];
  };
  const std::string version = server.get(kConfigMaps).json()["metadata"]["resourceVersion"];
  const Json metadata = {{"annotations", {{"k8s.io/initial-events-end", "true"}}},
                         {"creationTimestamp", nullptr},
                         {"resourceVersion", version}};
  const Json partial = {{"kind", "PartialObjectMetadata"}, {"apiVersion", "meta.k8s.io/v1"}, {"metadata", metadata}};

  SECTION("an object without anything") {
    const Json pod = bookmark("api/v1/pods", "");
    CHECK(pod == Json({{"kind", "Pod"},
                       {"apiVersion", "v1"},
                       {"metadata", metadata},
                       {"spec", Json::object()},
                       {"status", Json::object()}}));
  }
  SECTION("metadata") { CHECK(bookmark("api/v1/pods", "as=PartialObjectMetadata;v=v1;g=meta.k8s.io") == partial); }
  SECTION("a table with a row of what the columns make of nothing") {
    const Json table = bookmark("api/v1/pods", "as=Table;v=v1;g=meta.k8s.io");
    CHECK(table["kind"] == "Table");
    CHECK(table["metadata"] == Json({{"resourceVersion", version}}));
    CHECK(table["columnDefinitions"].size() == 9);
    REQUIRE(table["rows"].size() == 1);
    CHECK(table["rows"][0]["object"] == partial);
    CHECK(table["rows"][0]["cells"] ==
          Json::array({"", "0/0", "", "0", "<unknown>", "<none>", "<none>", "<none>", "<none>"}));
  }
  SECTION("a table of any kind") {
    const auto catalog = api::schema::Catalog::builtin();
    for (const Kind& kind : builtin_kinds(*catalog)) {
      INFO(kind.kind);
      const bool watched =
          kind.verbs.empty() || std::find(kind.verbs.begin(), kind.verbs.end(), "watch") != kind.verbs.end();
      if (!watched) continue;
      const std::string prefix = kind.group().empty() ? "api/" : "apis/";
      const std::string resource = prefix + kind.storage_version().api_version() + "/" + kind.plural;
      const Json table = bookmark(resource, "as=Table;v=v1;g=meta.k8s.io");
      CHECK(table["rows"][0]["cells"].size() == table["columnDefinitions"].size());
    }
  }
}

TEST_CASE("a watch over a WebSocket") {
  ApiServer api;
  Headers headers;
  headers.add("Connection", "Upgrade");
  headers.add("Upgrade", "websocket");
  headers.add("Sec-WebSocket-Version", "13");
  headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  const Answer answer = api.send("GET", kConfigMaps + "?watch=1", headers);
  CHECK(answer.status == 101);
  CHECK(answer.upgraded);
  CHECK(answer.headers.get("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(answer.headers.find("Sec-WebSocket-Protocol") == nullptr);
  // What is wrong with the request itself is told without one.
  CHECK(api.send("GET", kConfigMaps + "?watch=1&labelSelector=(", headers).status == 400);
  headers.add("Sec-WebSocket-Protocol", "anything");
  const Answer named = api.send("GET", kConfigMaps + "?watch=1", headers);
  CHECK(named.headers.get("Sec-WebSocket-Protocol") == "anything");
}

TEST_CASE("the deprecated watch paths") {
  ApiServer api;
  api.config_map("a");
  api.config_map("b");
  struct Row {
    const char* path;
    const char* first;
    std::size_t count;
  };
  const Row rows[] = {
      {"/api/v1/watch/configmaps", "ADDED a", 2},
      {"/api/v1/watch/namespaces/default/configmaps", "ADDED a", 2},
      {"/api/v1/watch/namespaces/default/configmaps/b", "ADDED b", 1},
      {"/api/v1/watch/namespaces/default/configmaps/b?fieldSelector=metadata.name=b", "ADDED b", 1},
  };
  for (const Row& row : rows) {
    INFO(row.path);
    const Answer watch = api.get(row.path);
    REQUIRE(watch.stream);
    const std::vector<Json> events = events_of(api.next(*watch.stream));
    REQUIRE(events.size() == row.count);
    CHECK(summary(events[0]) == row.first);
  }
  const std::string one = "/api/v1/watch/namespaces/default/configmaps/b";
  CHECK(api.get(one + "?fieldSelector=metadata.name=a").message() ==
        "fieldSelector metadata.name doesn't match requested name");
  CHECK(api.get("/api/v1/watch/configmaps/b").status == 404);
  CHECK(api.get("/api/v1/watch").status == 404);
  CHECK(api.get("/api/v1/watch/namespaces/default/pods/b/log").status == 404);
  CHECK(api.post("/api/v1/watch/namespaces/default/configmaps", {}).status == 405);
}

TEST_CASE("a GET of one object is no watch, whatever it says") {
  ApiServer api;
  api.config_map("a");
  const Answer answer = api.get(kConfigMaps + "/a?watch=1");
  CHECK_FALSE(answer.stream);
  CHECK(answer.json()["metadata"]["name"] == "a");
}

TEST_CASE("a watch from the future is told so in the stream") {
  ApiServer api;
  const std::string how = GENERATE("", "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
  const Answer watch = api.get(kConfigMaps + "?watch=1&resourceVersion=999" + how);
  REQUIRE(watch.stream);
  const Json event = events_of(api.next(*watch.stream)).at(0);
  CHECK(event["type"] == "ERROR");
  CHECK(event["object"]["message"] == "Timeout: Too large resource version: 999, current: 1");
  CHECK(event["object"]["details"] ==
        Json::parse(R"({"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],
                        "retryAfterSeconds":1})"));
  CHECK(api.next(*watch.stream).empty());
}

TEST_CASE("watches that are refused") {
  ApiServer api;
  CHECK(api.get(kConfigMaps + "?watch=1", "application/yaml").body.find("accepted: application/json;stream=watch") !=
        std::string::npos);
  CHECK(api.get(kConfigMaps + "?watch=1&resourceVersion=x").status == 400);
  CHECK(api.get(kConfigMaps + "?watch=1&sendInitialEvents=true").status == 422);
  CHECK(api.get(kConfigMaps + "?watch=1", "application/yaml").status == 406);
}

TEST_CASE("events share the stored bytes") {
  ApiServer api;
  api.config_map("a");
  const Answer first = api.get(kConfigMaps + "?watch=1");
  const Answer second = api.get(kConfigMaps + "?watch=1");
  const std::vector<Slice> one = api.next_slices(*first.stream);
  const std::vector<Slice> two = api.next_slices(*second.stream);
  REQUIRE(one.size() == 3);
  CHECK(one[1].bytes.data() == two[1].bytes.data());
}
