#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;
using api::Reason;

namespace {

Json finalizers(std::initializer_list<const char*> names) {
  Json list = Json::array();
  for (const char* name : names) list.push_back(name);
  return list;
}

// A pod that is bound to a node and runs.
void bind(Cluster& cluster, const std::string& name) {
  const Json binding{{"metadata", {{"name", name}}}, {"target", {{"kind", "Node"}, {"name", "n1"}}}};
  const api::NamespacedName key{"default", name};
  REQUIRE(run(cluster.io, cluster.registry.bind(cluster.context, key, binding)));
}

}  // namespace

TEST_CASE("a deletion is immediate when nothing holds the object") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kConfigMaps, config_map("settings")));
  const auto removed = cluster.remove(api::kConfigMaps, "settings");
  REQUIRE(removed);
  CHECK(removed->gone);
  CHECK(api::resource_version_of(Json::parse(removed->record->value)) == std::to_string(cluster.store->revision()));
  CHECK(message_of(cluster.get(api::kConfigMaps, "settings")) == R"(configmaps "settings" not found)");
  CHECK(message_of(cluster.remove(api::kConfigMaps, "settings")) == R"(configmaps "settings" not found)");
}

TEST_CASE("finalizers hold a deleted object until the last one goes") {
  Cluster cluster;
  Json sent = config_map("held");
  sent["metadata"]["finalizers"] = finalizers({"example.com/a", "example.com/b"});
  REQUIRE(cluster.create(api::kConfigMaps, sent));
  const auto removed = cluster.remove(api::kConfigMaps, "held");
  REQUIRE(removed);
  CHECK_FALSE(removed->gone);
  Json marked = *cluster.get(api::kConfigMaps, "held");
  CHECK(marked["metadata"]["deletionTimestamp"] == "2026-11-22T10:00:00Z");
  CHECK(marked["metadata"]["deletionGracePeriodSeconds"] == 0);

  SECTION("deleting it again changes nothing") {
    const store::Revision before = cluster.store->revision();
    CHECK_FALSE(cluster.remove(api::kConfigMaps, "held")->gone);
    CHECK(cluster.store->revision() == before);
  }
  SECTION("finalizers cannot be added any more") {
    Json changed = marked;
    changed["metadata"]["finalizers"].push_back("example.com/c");
    CHECK(message_of(cluster.update(api::kConfigMaps, changed)) ==
          "ConfigMap \"held\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object "
          "is "
          "being deleted, found new finalizers []string{\"example.com/c\"}");
  }
  SECTION("an update cannot take the mark away") {
    Json changed = marked;
    changed["metadata"].erase("deletionTimestamp");
    CHECK(api::is_terminating(*cluster.update(api::kConfigMaps, changed)));
  }
  SECTION("without finalizers it goes") {
    marked["metadata"]["finalizers"] = finalizers({"example.com/b"});
    marked = *cluster.update(api::kConfigMaps, marked);
    CHECK(cluster.get(api::kConfigMaps, "held"));
    marked["metadata"].erase("finalizers");
    REQUIRE(cluster.update(api::kConfigMaps, marked));
    CHECK_FALSE(cluster.get(api::kConfigMaps, "held"));
  }
}

TEST_CASE("propagation policies become finalizers") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kDeployments, deployment("web")));
  api::DeleteOptions options;

  SECTION("Orphan") {
    options.propagation_policy = "Orphan";
    CHECK_FALSE(cluster.remove(api::kDeployments, "web", options)->gone);
    CHECK((*cluster.get(api::kDeployments, "web"))["metadata"]["finalizers"] == finalizers({"orphan"}));
  }
  SECTION("Foreground") {
    options.propagation_policy = "Foreground";
    CHECK_FALSE(cluster.remove(api::kDeployments, "web", options)->gone);
    const Json marked = *cluster.get(api::kDeployments, "web");
    CHECK(marked["metadata"]["finalizers"] == finalizers({"foregroundDeletion"}));
    CHECK(marked["metadata"]["generation"] == 2);
    options.propagation_policy = "Background";
    CHECK(cluster.remove(api::kDeployments, "web", options)->gone);
  }
  SECTION("Background") {
    options.propagation_policy = "Background";
    CHECK(cluster.remove(api::kDeployments, "web", options)->gone);
  }
  SECTION("unknown") {
    options.propagation_policy = "Sideways";
    const auto removed = cluster.remove(api::kDeployments, "web", options);
    REQUIRE_FALSE(removed);
    CHECK(removed.error().reason == Reason::kInvalid);
  }
}

TEST_CASE("preconditions of a deletion") {
  Cluster cluster;
  const Json created = *cluster.create(api::kConfigMaps, config_map("settings"));
  api::DeleteOptions options;
  options.uid = "other";
  CHECK(
      message_of(cluster.remove(api::kConfigMaps, "settings", options)) ==
      "Operation cannot be fulfilled on ConfigMap \"settings\": the UID in the precondition (other) does not match the "
      "UID in record (" +
          api::uid_of(created) + "). The object might have been deleted and then recreated");
  options.uid = api::uid_of(created);
  options.resource_version = "1";
  CHECK(message_of(cluster.remove(api::kConfigMaps, "settings", options))
            .find("the ResourceVersion in the precondition (1)") != std::string::npos);
  options.resource_version = api::resource_version_of(created);
  CHECK(cluster.remove(api::kConfigMaps, "settings", options)->gone);
}

TEST_CASE("a pod on a node is deleted gracefully") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kPods, pod("web")));
  bind(cluster, "web");
  api::DeleteOptions options;

  SECTION("its own grace period is the default") {
    CHECK_FALSE(cluster.remove(api::kPods, "web")->gone);
    const Json marked = *cluster.get(api::kPods, "web");
    CHECK(marked["metadata"]["deletionTimestamp"] == "2026-11-22T10:00:30Z");
    CHECK(marked["metadata"]["deletionGracePeriodSeconds"] == 30);

    cluster.clock.advance(std::chrono::seconds(5));
    options.grace_period_seconds = 60;
    const store::Revision before = cluster.store->revision();
    CHECK_FALSE(cluster.remove(api::kPods, "web", options)->gone);
    CHECK(cluster.store->revision() == before);  // never longer

    options.grace_period_seconds = 10;
    CHECK_FALSE(cluster.remove(api::kPods, "web", options)->gone);
    CHECK((*cluster.get(api::kPods, "web"))["metadata"]["deletionTimestamp"] == "2026-11-22T10:00:10Z");

    options.grace_period_seconds = 0;
    CHECK(cluster.remove(api::kPods, "web", options)->gone);
  }
  SECTION("a finalizer outlives the grace period") {
    Json held = *cluster.get(api::kPods, "web");
    held["metadata"]["finalizers"] = finalizers({"example.com/a"});
    REQUIRE(cluster.update(api::kPods, held));
    options.grace_period_seconds = 0;
    CHECK_FALSE(cluster.remove(api::kPods, "web", options)->gone);
    held = *cluster.get(api::kPods, "web");
    held["metadata"].erase("finalizers");
    REQUIRE(cluster.update(api::kPods, held));
    CHECK_FALSE(cluster.get(api::kPods, "web"));
  }
  SECTION("a finished one goes at once") {
    Json finished = *cluster.get(api::kPods, "web");
    finished["status"]["phase"] = "Succeeded";
    REQUIRE(cluster.update(api::kPods, finished, "status"));
    CHECK(cluster.remove(api::kPods, "web")->gone);
  }
}

TEST_CASE("a pod without a node is deleted at once") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kPods, pod("web")));
  CHECK(cluster.remove(api::kPods, "web")->gone);
}

TEST_CASE("a namespace is emptied before it goes") {
  Cluster cluster;
  const Json created = *cluster.create(api::kNamespaces, Json{{"metadata", {{"name", "team"}}}});
  CHECK(created["spec"]["finalizers"] == finalizers({"kubernetes"}));
  CHECK(created["status"]["phase"] == "Active");
  CHECK(created["metadata"]["labels"]["kubernetes.io/metadata.name"] == "team");

  CHECK_FALSE(cluster.remove(api::kNamespaces, "team")->gone);
  Json marked = *cluster.get(api::kNamespaces, "team");
  CHECK(marked["status"]["phase"] == "Terminating");
  CHECK_FALSE(cluster.remove(api::kNamespaces, "team")->gone);

  const auto refused = cluster.create(api::kConfigMaps, config_map("late"), "team");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Reason::kForbidden);
  CHECK(refused.error().message ==
        "configmaps \"late\" is forbidden: unable to create new content in namespace team because it is being "
        "terminated");
  REQUIRE(refused.error().causes.size() == 1);
  CHECK(refused.error().causes[0].reason == "NamespaceTerminating");

  marked["spec"].erase("finalizers");
  CHECK(cluster.update(api::kNamespaces, marked));  // a plain update cannot finalize
  REQUIRE(cluster.get(api::kNamespaces, "team"));
  marked["metadata"].erase("resourceVersion");
  REQUIRE(cluster.update(api::kNamespaces, marked, "finalize"));
  CHECK_FALSE(cluster.get(api::kNamespaces, "team"));
}

TEST_CASE("the namespaces of the system stay") {
  Cluster cluster;
  CHECK(message_of(cluster.remove(api::kNamespaces, "default")) ==
        "namespaces \"default\" is forbidden: this namespace may not be deleted");
}

TEST_CASE("a collection is deleted by selector") {
  Cluster cluster;
  for (const char* name : {"a", "b", "c"}) {
    Json object = config_map(name);
    object["metadata"]["labels"] = {{"keep", std::string(name) == "b" ? "yes" : "no"}};
    REQUIRE(cluster.create(api::kConfigMaps, object));
  }
  server::ListParams params;
  params.label_selector = *api::LabelSelector::parse("keep=no");
  const auto removed = run(cluster.io, cluster.registry.remove_collection(
                                           cluster.context, cluster.kind(api::kConfigMaps), "default", params, {}));
  REQUIRE(removed);
  CHECK(removed->records.size() == 2);
  CHECK(cluster.store->count("/configmaps/default/") == 1);
  CHECK(cluster.get(api::kConfigMaps, "b"));
}

TEST_CASE("a limit deletes one page of a collection, and the answer shows its objects as they were") {
  Cluster cluster;
  for (const char* name : {"a", "b", "c"}) {
    Json object = config_map(name);
    object["metadata"]["finalizers"] = {"example.com/hold"};
    REQUIRE(cluster.create(api::kConfigMaps, object));
  }
  server::ListParams params;
  params.limit = 2;
  const auto removed = run(cluster.io, cluster.registry.remove_collection(
                                           cluster.context, cluster.kind(api::kConfigMaps), "default", params, {}));
  REQUIRE(removed);
  REQUIRE(removed->records.size() == 2);
  CHECK(removed->remaining_item_count == 1);
  CHECK_FALSE(api::is_terminating(Json::parse(removed->records[0]->value)));
  CHECK(api::is_terminating(*cluster.get(api::kConfigMaps, "a")));
  CHECK(api::is_terminating(*cluster.get(api::kConfigMaps, "b")));
  CHECK_FALSE(api::is_terminating(*cluster.get(api::kConfigMaps, "c")));
}
