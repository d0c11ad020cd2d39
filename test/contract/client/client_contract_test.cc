// The contract of api/client.h, held against the client inside the server's process and the one over HTTPS.
#include "api/views/meta.h"
#include "test/contract/client/client_fixture.h"

#include <catch2/catch.hpp>

#include <functional>
#include <vector>

namespace skiff::server {
namespace {

using api::ObjectPtr;
using api::Reason;
using api::WatchEventType;

Json config_map(const std::string& name, const std::string& value = "x", const std::string& label = "a") {
  return {{"metadata", {{"name", name}, {"namespace", "default"}, {"labels", {{"group", label}}}}},
          {"data", {{"key", value}}}};
}

struct Fixture {
  explicit Fixture(bool over_https)
      : client(over_https ? std::unique_ptr<api::Client>(api.http_client()) : api.direct_client()) {
    create(api::kNamespaces, "", {{"metadata", {{"name", "default"}}}});
  }

  api::Result<ObjectPtr> create(const api::ResourceType& type, const std::string& namespace_, Json object,
                                const std::string& subresource = "") {
    api::WriteOptions options;
    options.subresource = subresource;
    return test::run(context, client->create(type, namespace_, std::move(object), options));
  }
  Json created(Json object) {
    const auto made = create(api::kConfigMaps, "default", std::move(object));
    REQUIRE(made);
    return **made;
  }
  api::Result<ObjectPtr> get(const std::string& name) {
    return test::run(context, client->get(api::kConfigMaps, {"default", name}));
  }
  api::Result<ObjectPtr> update(Json object, const std::string& subresource = "",
                                const api::ResourceType& type = api::kConfigMaps) {
    api::WriteOptions options;
    options.subresource = subresource;
    return test::run(context, client->update(type, std::move(object), options));
  }
  api::Result<ObjectPtr> remove(const std::string& name, const api::DeleteOptions& options = {}) {
    return test::run(context, client->remove(api::kConfigMaps, {"default", name}, options));
  }
  std::unique_ptr<api::WatchStream> watch(const api::WatchOptions& options) {
    auto stream = test::run(context, client->watch(api::kConfigMaps, "default", options));
    REQUIRE(stream);
    return std::move(*stream);
  }
  // "+a", "*a", "-a".
  std::string next(api::WatchStream& stream) {
    const auto event = test::run(context, stream.next());
    REQUIRE(event);
    const char* const sign = event->type == WatchEventType::kAdded      ? "+"
                             : event->type == WatchEventType::kModified ? "*"
                             : event->type == WatchEventType::kDeleted  ? "-"
                                                                        : "?";
    return sign + api::name_of(*event->object);
  }

  asio::io_context context;
  TestApi api;
  std::unique_ptr<api::Client> client;
};

// Runs the body once per client.
void for_both(const std::function<void(Fixture&)>& body) {
  for (const bool over_https : {false, true}) {
    DYNAMIC_SECTION((over_https ? "over HTTPS" : "in one process")) {
      Fixture fixture(over_https);
      body(fixture);
    }
  }
}

std::vector<std::string> names_of(const api::ObjectList& list) {
  std::vector<std::string> names;
  for (const ObjectPtr& item : list.items) names.push_back(api::name_of(*item));
  return names;
}

}  // namespace

TEST_CASE("Client: an object's life") {
  for_both([](Fixture& fixture) {
    CHECK(fixture.get("a").error().reason == Reason::kNotFound);
    const Json made = fixture.created(config_map("a"));
    CHECK_FALSE(api::uid_of(made).empty());
    CHECK_FALSE(made["metadata"].contains("managedFields"));
    CHECK(made["kind"] == "ConfigMap");
    CHECK(**fixture.get("a") == made);
    const auto again = fixture.create(api::kConfigMaps, "default", config_map("a"));
    CHECK(again.error().reason == Reason::kAlreadyExists);
    CHECK(again.error().message == "configmaps \"a\" already exists");

    Json changed = made;
    changed["data"]["key"] = "y";
    const auto updated = fixture.update(changed);
    REQUIRE(updated);
    CHECK((**updated)["data"]["key"] == "y");
    CHECK(fixture.update(changed).error().reason == Reason::kConflict);  // its resourceVersion is the old one

    api::DeleteOptions other;
    other.uid = "another";
    CHECK(fixture.remove("a", other).error().reason == Reason::kConflict);
    CHECK(fixture.remove("a"));
    CHECK(fixture.get("a").error().reason == Reason::kNotFound);
  });
}

TEST_CASE("Client: what validation finds comes with its causes") {
  for_both([](Fixture& fixture) {
    const auto refused = fixture.create(api::kConfigMaps, "default", config_map("A"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == Reason::kInvalid);
    REQUIRE(refused.error().causes.size() == 1);
    CHECK(refused.error().causes[0].field == "metadata.name");
  });
}

TEST_CASE("Client: lists go by selectors and say where a watch carries on") {
  for_both([](Fixture& fixture) {
    fixture.created(config_map("b"));
    fixture.created(config_map("a"));
    fixture.created(config_map("c", "x", "other"));
    api::ListOptions options;
    const auto all = test::run(fixture.context, fixture.client->list(api::kConfigMaps, "", options));
    REQUIRE(all);
    CHECK(names_of(*all) == std::vector<std::string>{"a", "b", "c"});
    CHECK(all->resource_version == api::resource_version_of(**fixture.get("c")));
    options.label_selector = "group in (a), group!=other";
    options.field_selector = "metadata.name!=b";
    const auto some = test::run(fixture.context, fixture.client->list(api::kConfigMaps, "default", options));
    REQUIRE(some);
    CHECK(names_of(*some) == std::vector<std::string>{"a"});
    options.label_selector = "((";
    const auto none = test::run(fixture.context, fixture.client->list(api::kConfigMaps, "default", options));
    CHECK(none.error().reason == Reason::kBadRequest);
  });
}

TEST_CASE("Client: patches of every type") {
  for_both([](Fixture& fixture) {
    fixture.created(config_map("a"));
    const auto patch = [&](api::PatchType type, Json document) {
      const auto patched = test::run(fixture.context, fixture.client->patch(api::kConfigMaps, {"default", "a"}, type,
                                                                            std::move(document), api::WriteOptions()));
      REQUIRE(patched);
      return (**patched)["data"]["key"].get<std::string>();
    };
    const Json operations = Json::array({{{"op", "replace"}, {"path", "/data/key"}, {"value", "1"}}});
    CHECK(patch(api::PatchType::kJson, operations) == "1");
    CHECK(patch(api::PatchType::kMerge, {{"data", {{"key", "2"}}}}) == "2");
    CHECK(patch(api::PatchType::kStrategicMerge, {{"data", {{"key", "3"}}}}) == "3");
  });
}

TEST_CASE("Client: subresources") {
  for_both([](Fixture& fixture) {
    const Json pod = {{"metadata", {{"name", "p"}, {"namespace", "default"}}},
                      {"spec", {{"containers", Json::array({{{"name", "c"}, {"image", "i"}}})}}}};
    REQUIRE(fixture.create(api::kPods, "default", pod));
    const Json binding = {{"apiVersion", "v1"},
                          {"kind", "Binding"},
                          {"metadata", {{"name", "p"}, {"namespace", "default"}}},
                          {"target", {{"kind", "Node"}, {"name", "n1"}}}};
    REQUIRE(fixture.create(api::kPods, "default", binding, "binding"));
    const auto bound = test::run(fixture.context, fixture.client->get(api::kPods, {"default", "p"}));
    REQUIRE(bound);
    CHECK((**bound)["spec"]["nodeName"] == "n1");
    Json changed = **bound;
    changed["status"]["phase"] = "Running";
    changed["spec"]["nodeName"] = "n2";
    const auto written = fixture.update(changed, "status", api::kPods);
    REQUIRE(written);
    CHECK((**written)["status"]["phase"] == "Running");
    CHECK((**written)["spec"]["nodeName"] == "n1");
  });
}

TEST_CASE("Client: a service account's token") {
  for_both([](Fixture& fixture) {
    REQUIRE(fixture.create(api::kServiceAccounts, "default", {{"metadata", {{"name", "robot"}}}}));
    const auto request = [](const std::string& name) {
      return Json{{"apiVersion", "authentication.k8s.io/v1"},
                  {"kind", "TokenRequest"},
                  {"metadata", {{"name", name}}},
                  {"spec", {{"expirationSeconds", 600}}}};
    };
    const auto issued = fixture.create(api::kServiceAccounts, "default", request("robot"), "token");
    REQUIRE(issued);
    CHECK(string_at(**issued, {"status", "token"}).size() > 100);
    CHECK(integer_at(**issued, {"spec", "expirationSeconds"}) == 600);
    const auto missing = fixture.create(api::kServiceAccounts, "default", request("nobody"), "token");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message == "serviceaccounts \"nobody\" not found");
  });
}

TEST_CASE("Client: a watch tells what happens after its revision") {
  for_both([](Fixture& fixture) {
    Json a = fixture.created(config_map("a"));
    api::WatchOptions options;
    options.resource_version = api::resource_version_of(a);
    options.label_selector = "group=a";
    const auto stream = fixture.watch(options);
    fixture.created(config_map("b", "x", "other"));
    fixture.created(config_map("c"));
    a["data"]["key"] = "y";
    REQUIRE(fixture.update(a));
    REQUIRE(fixture.remove("c"));
    CHECK(fixture.next(*stream) == "+c");
    CHECK(fixture.next(*stream) == "*a");
    CHECK(fixture.next(*stream) == "-c");
  });
}

TEST_CASE("Client: a watch without a revision begins with what is there") {
  for_both([](Fixture& fixture) {
    fixture.created(config_map("a"));
    const auto stream = fixture.watch(api::WatchOptions());
    CHECK(fixture.next(*stream) == "+a");
    fixture.created(config_map("b"));
    CHECK(fixture.next(*stream) == "+b");
  });
}

TEST_CASE("Client: a watch from a forgotten revision is expired") {
  for_both([](Fixture& fixture) {
    const Json first = fixture.created(config_map("a"));
    fixture.created(config_map("b"));
    REQUIRE(fixture.api.store().compact(fixture.api.store().revision()));
    api::WatchOptions options;
    options.resource_version = api::resource_version_of(first);
    const auto stream = test::run(fixture.context, fixture.client->watch(api::kConfigMaps, "default", options));
    // Over HTTP the answer has begun by then: the stream says so.
    Reason reason = Reason::kUnknown;
    if (!stream) {
      reason = stream.error().reason;
    } else {
      const auto event = test::run(fixture.context, (*stream)->next());
      reason = event ? event->error.reason : event.error().reason;
    }
    CHECK(reason == Reason::kExpired);
  });
}

TEST_CASE("Client: cancelling wakes a watch that waits") {
  for_both([](Fixture& fixture) {
    const auto stream = fixture.watch(api::WatchOptions());
    std::optional<Reason> reason;
    const auto wait = [](api::WatchStream& waiting, std::optional<Reason>& ended) -> Task<void> {
      const auto event = co_await waiting.next();
      ended = event ? Reason::kUnknown : event.error().reason;
    };
    asio::co_spawn(fixture.context, wait(*stream, reason), asio::detached);
    test::run_ready(fixture.context);
    CHECK_FALSE(reason);
    stream->cancel();
    test::run_until(fixture.context, [&] { return reason.has_value(); });
    CHECK(*reason == Reason::kGone);
  });
}

}  // namespace skiff::server
