#include "server/controllers/garbage_collector/owner_graph.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;

namespace {

const std::vector<api::ResourceType> kGraphTypes = {api::kPods, api::kReplicaSets, api::kDeployments, api::kNodes};

Json owner(const std::string& uid, bool blocks = true) {
  return {
      {"apiVersion", "apps/v1"}, {"kind", "ReplicaSet"}, {"name", uid}, {"uid", uid}, {"blockOwnerDeletion", blocks}};
}

Json object(const std::string& uid, Json owners = Json::array()) {
  return {
      {"metadata", {{"namespace", "default"}, {"name", uid}, {"uid", uid}, {"ownerReferences", std::move(owners)}}}};
}

Json deleted(Json object, const std::string& finalizer) {
  object["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:00Z";
  object["metadata"]["finalizers"] = {finalizer};
  return object;
}

using Uids = std::vector<std::string>;

}  // namespace

TEST_CASE("OwnerGraph") {
  OwnerGraph graph(kGraphTypes);
  CHECK(graph.observe(api::kReplicaSets, object("rs")).collect.empty());
  CHECK(graph.observe(api::kPods, object("pod", {owner("rs")})).collect.empty());
  CHECK(graph.dependents("rs") == std::set<std::string>{"pod"});

  SECTION("siblings share what they say of their owner") {
    static_cast<void>(graph.observe(api::kPods, object("sibling", {owner("rs")})));
    CHECK(graph.find("sibling")->owners == graph.find("pod")->owners);
    static_cast<void>(graph.observe(api::kPods, object("other", {owner("rs", false)})));
    CHECK(graph.find("other")->owners != graph.find("pod")->owners);
    CHECK(graph.find("other")->owner_references() == Json{owner("rs", false)});
    CHECK(graph.find("pod")->owner_references() == Json{owner("rs")});
    CHECK(graph.find("rs")->owner_references() == Json::array());
  }
  SECTION("when an owner goes, its dependents are looked at") {
    CHECK(graph.remove("rs").collect == Uids{"pod"});
    CHECK(graph.find("rs") == nullptr);
    CHECK(graph.remove("rs").collect.empty());
  }
  SECTION("an owner that was never seen is looked at itself") {
    CHECK(graph.observe(api::kPods, object("other", {owner("unknown")})).collect == Uids{"unknown"});
    const OwnerGraph::Node* node = graph.find("unknown");
    REQUIRE(node != nullptr);
    CHECK(node->is_virtual);
    CHECK(node->type == api::kReplicaSets);
    CHECK(node->name == api::NamespacedName{"default", "unknown"});
    SECTION("until it is seen") {
      CHECK(graph.observe(api::kReplicaSets, object("unknown")).collect.empty());
      CHECK(!graph.find("unknown")->is_virtual);
      CHECK(graph.dependents("unknown") == std::set<std::string>{"other"});
    }
  }
  SECTION("an owner of a kind that is not followed is left alone") {
    Json custom = owner("custom");
    custom["kind"] = "Custom";
    CHECK(graph.observe(api::kPods, object("other", {custom})).collect.empty());
    CHECK(graph.find("custom") == nullptr);
  }
  SECTION("a foreground deletion looks at the dependents and at the owner") {
    const auto work = graph.observe(api::kReplicaSets, deleted(object("rs"), "foregroundDeletion"));
    CHECK(work.collect == Uids{"pod", "rs"});
    CHECK(graph.blocking_dependents("rs") == Uids{"pod"});
    SECTION("once") {
      CHECK(graph.observe(api::kReplicaSets, deleted(object("rs"), "foregroundDeletion")).collect.empty());
    }
    SECTION("the owner again when a dependent has gone") { CHECK(graph.remove("pod").collect == Uids{"rs"}); }
    SECTION("the owner again when a dependent has left it") {
      CHECK(graph.observe(api::kPods, object("pod")).collect == Uids{"rs"});
      CHECK(graph.blocking_dependents("rs").empty());
    }
    SECTION("not waiting for dependents that do not block") {
      CHECK(graph.observe(api::kPods, object("pod", {owner("rs", false)})).collect.size() >= 1);
      CHECK(graph.blocking_dependents("rs").empty());
    }
    SECTION("also a dependent that comes late") {
      CHECK(graph.observe(api::kPods, object("late", {owner("rs")})).collect == Uids{"late"});
    }
  }
  SECTION("an orphaning deletion is the orphaner's") {
    const auto work = graph.observe(api::kReplicaSets, deleted(object("rs"), "orphan"));
    CHECK(work.orphan == Uids{"rs"});
    CHECK(work.collect.empty());
  }
}
