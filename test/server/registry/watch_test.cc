#include "server/registry/direct_client.h"
#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

#include <atomic>

using namespace skiff;
using namespace skiff::test;
using api::Reason;
using api::WatchEventType;

namespace {

// "+a ~a -a" for added, modified and deleted.
std::string seen(server::RegistryWatch& watch) {
  std::string text;
  for (;;) {
    std::vector<server::RegistryEvent> events;
    if (const auto polled = watch.poll(events, 3); !polled) return text + "! " + polled.error().message;
    if (events.empty()) return text;
    for (const server::RegistryEvent& event : events) {
      const Json object = Json::parse(event.record->value);
      CHECK(api::resource_version_of(object) == std::to_string(event.record->mod_revision));
      const char* mark = event.type == WatchEventType::kAdded     ? "+"
                         : event.type == WatchEventType::kDeleted ? "-"
                                                                  : "~";
      text += mark + api::name_of(object) + " ";
    }
  }
}

Json labelled(const std::string& name, const std::string& color) {
  Json object = config_map(name);
  object["metadata"]["namespace"] = "default";
  object["metadata"]["labels"] = {{"color", color}};
  return object;
}

}  // namespace

TEST_CASE("a watch sees objects enter, change in and leave its selection") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kConfigMaps, labelled("old", "red")));
  server::WatchParams params;
  params.label_selector = *api::LabelSelector::parse("color=red");
  auto watch = cluster.registry.watch(cluster.kind(api::kConfigMaps), "default", params, [] {});
  REQUIRE(watch);
  CHECK(seen(**watch) == "+old ");

  REQUIRE(cluster.create(api::kConfigMaps, labelled("a", "blue")));
  CHECK(seen(**watch).empty());
  CHECK((*watch)->position() == cluster.store->revision());
  REQUIRE(cluster.update(api::kConfigMaps, labelled("a", "red")));
  CHECK(seen(**watch) == "+a ");
  Json changed = labelled("a", "red");
  changed["data"]["x"] = "1";
  REQUIRE(cluster.update(api::kConfigMaps, changed));
  CHECK(seen(**watch) == "~a ");
  REQUIRE(cluster.update(api::kConfigMaps, labelled("a", "green")));
  CHECK(seen(**watch) == "-a ");
  REQUIRE(cluster.update(api::kConfigMaps, labelled("a", "blue")));
  REQUIRE(cluster.remove(api::kConfigMaps, "a"));
  REQUIRE(cluster.remove(api::kConfigMaps, "old"));
  CHECK(seen(**watch) == "-old ");
}

TEST_CASE("what is written waits for the first who watches, and is not parsed for it") {
  Cluster cluster;
  const server::ServedKind kind = cluster.kind(api::kConfigMaps);
  const auto waits = [&](const store::RecordPtr& record) {
    const std::weak_ptr<const Json> document = *cluster.registry.object(kind, record);
    return !document.expired();
  };
  const auto record_of = [&] { return *cluster.registry.get(kind, {"default", "settings"}); };
  REQUIRE(cluster.create(api::kConfigMaps, config_map("settings", {{"a", "1"}})));
  const store::RecordPtr created = record_of();
  CHECK(waits(created));
  CHECK((**cluster.registry.event_object(kind, created))["data"] == Json{{"a", "1"}});
  CHECK_FALSE(waits(created));

  const Json change = {{"data", {{"a", "2"}}}};
  REQUIRE(cluster.patch(api::kConfigMaps, "settings", api::PatchType::kMerge, change));
  CHECK(waits(record_of()));
  CHECK((**cluster.registry.event_object(kind, record_of()))["data"] == Json{{"a", "2"}});
  CHECK_FALSE(waits(record_of()));
}

TEST_CASE("a node's watch of its pods is not woken by the pods of others") {
  Cluster cluster;
  const auto pod_on = [&](const std::string& name, const std::string& node) {
    Json object = pod(name);
    if (!node.empty()) object["spec"]["nodeName"] = node;
    return object;
  };
  server::WatchParams params;
  params.field_selector = *api::FieldSelector::parse("spec.nodeName=n1");
  std::atomic<int> wakes = 0;
  auto watch = cluster.registry.watch(cluster.kind(api::kPods), "", params, [&wakes] { ++wakes; });
  REQUIRE(watch);
  CHECK(seen(**watch).empty());
  REQUIRE(cluster.create(api::kPods, pod_on("other", "n2")));
  REQUIRE(cluster.create(api::kPods, pod_on("nowhere", "")));
  CHECK(wakes == 0);
  CHECK((*watch)->position() == cluster.store->revision());
  REQUIRE(cluster.create(api::kPods, pod_on("mine", "n1")));
  CHECK(wakes == 1);
  CHECK(seen(**watch) == "+mine ");
}

TEST_CASE("an object that leaves the selection is shown as it was, at the revision of its leaving") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kConfigMaps, labelled("a", "red")));
  server::WatchParams params;
  params.label_selector = *api::LabelSelector::parse("color=red");
  params.resource_version = std::to_string(cluster.store->revision());
  auto watch = cluster.registry.watch(cluster.kind(api::kConfigMaps), "default", params, [] {});
  REQUIRE(watch);
  REQUIRE(cluster.update(api::kConfigMaps, labelled("a", "green")));
  std::vector<server::RegistryEvent> events;
  REQUIRE((*watch)->poll(events, 10));
  REQUIRE(events.size() == 1);
  CHECK(events[0].type == WatchEventType::kDeleted);
  const Json shown = Json::parse(events[0].record->value);
  CHECK(shown["metadata"]["labels"]["color"] == "red");
  CHECK(api::resource_version_of(shown) == std::to_string(cluster.store->revision()));
}

TEST_CASE("where a watch begins") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kConfigMaps, config_map("a")));
  const std::string then = std::to_string(cluster.store->revision());
  REQUIRE(cluster.create(api::kConfigMaps, config_map("b")));
  server::WatchParams params;
  auto open = [&] { return cluster.registry.watch(cluster.kind(api::kConfigMaps), "default", params, [] {}); };

  SECTION("after a revision") {
    params.resource_version = then;
    CHECK(seen(**open()) == "+b ");
  }
  SECTION("with the present state") {
    for (const char* version : {"", "0"}) {
      params.resource_version = version;
      CHECK(seen(**open()) == "+a +b ");
    }
  }
  SECTION("with or without the present state, as asked for") {
    params.initial_events = true;
    params.resource_version = then;
    CHECK(seen(**open()) == "+a +b ");
    params.initial_events = false;
    for (const char* version : {"", "0"}) {
      params.resource_version = version;
      CHECK(seen(**open()).empty());
    }
    params.resource_version = then;
    CHECK(seen(**open()) == "+b ");
  }
  SECTION("with one name") {
    params.field_selector = *api::FieldSelector::parse("metadata.name=a");
    auto watch = *open();
    CHECK(seen(*watch) == "+a ");
    REQUIRE(cluster.create(api::kConfigMaps, config_map("aa")));
    REQUIRE(cluster.remove(api::kConfigMaps, "b"));
    REQUIRE(cluster.remove(api::kConfigMaps, "a"));
    CHECK(seen(*watch) == "-a ");
  }
  SECTION("not before what is kept") {
    REQUIRE(cluster.store->compact(cluster.store->revision()));
    params.resource_version = then;
    const auto watch = open();
    REQUIRE_FALSE(watch);
    CHECK(watch.error().reason == Reason::kExpired);
    CHECK(watch.error().message ==
          "too old resource version: " + then + " (" + std::to_string(cluster.store->revision()) + ")");
  }
  SECTION("not in the future") {
    params.resource_version = "999999";
    CHECK(message_of(open()).starts_with("Timeout: Too large resource version: 999999"));
    params.initial_events = true;
    CHECK(message_of(open()).starts_with("Timeout: Too large resource version: 999999"));
  }
}

TEST_CASE("the in-process client watches, and is woken by writes and by cancel") {
  Cluster cluster;
  server::DirectClient client(cluster.registry, api::User{"system:test", {}, ""});
  auto opened = run(cluster.io, client.watch(api::kPods, "default", {}));
  REQUIRE(opened);
  api::WatchStream& stream = **opened;

  std::vector<std::string> got;
  std::optional<api::Status> ended;
  auto follow = [&]() -> Task<void> {
    for (;;) {
      auto event = co_await stream.next();
      if (!event) {
        ended = event.error();
        co_return;
      }
      got.push_back(api::name_of(*event->object));
    }
  };
  asio::co_spawn(cluster.io, follow(), asio::detached);
  auto made = run(cluster.io, client.create(api::kPods, "default", pod("one"), {}));
  REQUIRE(made);
  run_until(cluster.io, [&] { return got.size() == 1; });
  api::WriteOptions bind;
  bind.subresource = "binding";
  const Json binding{{"metadata", {{"name", "one"}}}, {"target", {{"name", "n1"}}}};
  auto bound = run(cluster.io, client.create(api::kPods, "default", binding, bind));
  REQUIRE(bound);
  CHECK((**bound)["spec"]["nodeName"] == "n1");
  run_until(cluster.io, [&] { return got.size() == 2; });
  stream.cancel();
  run_until(cluster.io, [&] { return ended.has_value(); });
  CHECK(ended->reason == Reason::kGone);
}

TEST_CASE("the in-process client's verbs") {
  Cluster cluster;
  server::DirectClient client(cluster.registry, api::User{"system:test", {}, ""});
  auto created = run(cluster.io, client.create(api::kConfigMaps, "default", config_map("a", {{"k", "1"}}), {}));
  REQUIRE(created);
  const api::NamespacedName name{"default", "a"};
  auto patched =
      run(cluster.io, client.patch(api::kConfigMaps, name, api::PatchType::kMerge, {{"data", {{"k", "2"}}}}, {}));
  REQUIRE(patched);
  Json changed = **patched;
  changed["data"]["k"] = "3";
  REQUIRE(run(cluster.io, client.update(api::kConfigMaps, changed, {})));
  const auto listed = run(cluster.io, client.list(api::kConfigMaps, "", {}));
  REQUIRE(listed);
  REQUIRE(listed->items.size() == 1);
  CHECK((*listed->items[0])["data"]["k"] == "3");
  CHECK(listed->resource_version == std::to_string(cluster.store->revision()));
  REQUIRE(run(cluster.io, client.remove(api::kConfigMaps, name, {})));
  const auto gone = run(cluster.io, client.get(api::kConfigMaps, name));
  REQUIRE_FALSE(gone);
  CHECK(gone.error().reason == Reason::kNotFound);
}

TEST_CASE("a pod is bound once") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kPods, pod("web")));
  const api::NamespacedName name{"default", "web"};
  Json binding{{"metadata", {{"name", "web"}}}, {"target", {{"kind", "Node"}, {"name", "n1"}}}};
  REQUIRE(run(cluster.io, cluster.registry.bind(cluster.context, name, binding)));
  const Json bound = *cluster.get(api::kPods, "web");
  CHECK(bound["spec"]["nodeName"] == "n1");
  CHECK(bound["status"]["conditions"][0]["type"] == "PodScheduled");
  CHECK(bound["status"]["conditions"][0]["status"] == "True");

  binding["target"]["name"] = "n2";
  CHECK(message_of(run(cluster.io, cluster.registry.bind(cluster.context, name, binding))) ==
        "Operation cannot be fulfilled on pods/binding \"web\": pod web is already assigned to node \"n1\"");
  binding["target"].erase("name");
  CHECK(message_of(run(cluster.io, cluster.registry.bind(cluster.context, name, binding))) ==
        "Binding \"web\" is invalid: target.name: Required value");
}

TEST_CASE("components share one parsed form of a record for as long as one of them keeps it") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kConfigMaps, config_map("a", {{"k", "1"}})));
  server::DirectClient first(cluster.registry, api::User{"system:first", {}, ""});
  server::DirectClient second(cluster.registry, api::User{"system:second", {}, ""});
  const api::NamespacedName name{"default", "a"};
  auto one = run(cluster.io, first.get(api::kConfigMaps, name));
  const auto two = run(cluster.io, second.list(api::kConfigMaps, "", {}));
  REQUIRE(one);
  REQUIRE(two);
  CHECK(one->get() == two->items[0].get());

  REQUIRE(run(cluster.io, first.patch(api::kConfigMaps, name, api::PatchType::kMerge, {{"data", {{"k", "2"}}}}, {})));
  const auto newer = run(cluster.io, second.get(api::kConfigMaps, name));
  REQUIRE(newer);
  CHECK((**newer)["data"]["k"] == "2");
  CHECK((**one)["data"]["k"] == "1");
}
