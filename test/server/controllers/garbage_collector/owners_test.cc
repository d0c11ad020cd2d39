#include "server/controllers/garbage_collector/garbage_collector.h"
#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using test::Cluster;

// What counts as an owner, and owners that wait for each other.

namespace {

const std::vector<api::ResourceType> kOwnerTypes = {api::kNodes, api::kConfigMaps, api::kLeases, api::kReplicaSets};

Json reference(const api::ResourceType& type, const api::ObjectPtr& owner) {
  return {{"apiVersion", type.api_version()},
          {"kind", type.kind},
          {"name", api::name_of(*owner)},
          {"uid", api::uid_of(*owner)},
          {"blockOwnerDeletion", true}};
}

struct OwnersCluster : Cluster {
  GarbageCollector collector{context(), kOwnerTypes};

  ~OwnersCluster() { stop(collector); }
  void begin() {
    start(collector);
    settle();
  }
  api::ObjectPtr put(const api::ResourceType& type, const std::string& name, const Json& owners = Json::array(),
                     const std::string& namespace_ = "default") {
    Json object = {{"metadata", {{"name", name}}}};
    if (type.namespaced) object["metadata"]["namespace"] = namespace_;
    if (!owners.empty()) object["metadata"]["ownerReferences"] = owners;
    return client.put(type, object);
  }
  [[nodiscard]] api::ObjectPtr peek(const api::ResourceType& type, const std::string& name) const {
    return client.peek(type, {type.namespaced ? "default" : "", name});
  }
  void remove(const api::ResourceType& type, const std::string& name, const std::string& policy) {
    api::DeleteOptions options;
    options.propagation_policy = policy;
    REQUIRE(test::run(io, client.remove(type, {type.namespaced ? "default" : "", name}, options)));
  }
};

}  // namespace

TEST_CASE("GarbageCollector: owners that went while nobody looked") {
  OwnersCluster cluster;
  const api::ObjectPtr owner = cluster.put(api::kConfigMaps, "owner");
  cluster.put(api::kConfigMaps, "owned", Json::array({reference(api::kConfigMaps, owner)}));
  cluster.client.erase(api::kConfigMaps, {"default", "owner"});
  cluster.begin();
  cluster.until([&] { return !cluster.peek(api::kConfigMaps, "owned"); });
}

TEST_CASE("GarbageCollector: cluster-scoped owners own objects in all namespaces") {
  OwnersCluster cluster;
  const api::ObjectPtr node = cluster.put(api::kNodes, "node-1");
  cluster.put(api::kLeases, "node-1", Json::array({reference(api::kNodes, node)}));
  cluster.begin();
  REQUIRE(cluster.peek(api::kLeases, "node-1"));
  cluster.remove(api::kNodes, "node-1", "Background");
  cluster.until([&] { return !cluster.peek(api::kLeases, "node-1"); });
}

TEST_CASE("GarbageCollector: an owner in another namespace is none") {
  OwnersCluster cluster;
  const bool owner_first = GENERATE(true, false);
  const api::ObjectPtr owner = cluster.put(api::kConfigMaps, "owner", Json::array(), "other");
  const Json wrong = Json::array({reference(api::kConfigMaps, owner)});
  if (owner_first) cluster.begin();
  cluster.put(api::kConfigMaps, "astray", wrong);
  cluster.put(api::kLeases, "right", wrong, "other");
  if (!owner_first) cluster.begin();
  cluster.until([&] { return !cluster.peek(api::kConfigMaps, "astray"); });
  // That it is absent for one does not make it so for the other.
  cluster.client.modify(api::kLeases, {"other", "right"},
                        [](Json& lease) { lease["metadata"]["labels"]["touched"] = "yes"; });
  cluster.settle();
  CHECK(cluster.client.peek(api::kLeases, {"other", "right"}) != nullptr);
}

TEST_CASE("GarbageCollector keeps what it cannot judge") {
  OwnersCluster cluster;
  const api::ObjectPtr owner = cluster.put(api::kConfigMaps, "owner");
  Json owned = reference(api::kConfigMaps, owner);
  SECTION("an owner of a kind that is not served") {
    owned["apiVersion"] = "example.com/v1";
    cluster.put(api::kConfigMaps, "owned", Json::array({owned}));
    cluster.begin();
    CHECK(cluster.peek(api::kConfigMaps, "owned"));
  }
  SECTION("a cluster-scoped object of a namespaced owner") {
    cluster.put(api::kNodes, "node-1", Json::array({owned}));
    cluster.remove(api::kConfigMaps, "owner", "Background");
    cluster.begin();
    CHECK(cluster.peek(api::kNodes, "node-1"));
  }
  SECTION("an object that is given an owner at the last moment") {
    const api::ObjectPtr second = cluster.put(api::kConfigMaps, "second");
    cluster.put(api::kConfigMaps, "owned", Json::array({owned}));
    cluster.begin();
    cluster.remove(api::kConfigMaps, "owner", "Background");
    // Between the look at the owner and the deletion.
    cluster.until([&] { return cluster.client.count_requests("get configmaps") == 1; });
    cluster.client.modify(api::kConfigMaps, {"default", "owned"}, [&](Json& object) {
      object["metadata"]["ownerReferences"] = Json::array({reference(api::kConfigMaps, second)});
    });
    cluster.settle();
    CHECK(cluster.client.count_requests("delete configmaps default/owned") == 1);
    CHECK(cluster.peek(api::kConfigMaps, "owned"));
  }
}

TEST_CASE("GarbageCollector, foreground deletion does not wait") {
  OwnersCluster cluster;
  const api::ObjectPtr first = cluster.put(api::kConfigMaps, "first");
  cluster.put(api::kConfigMaps, "second", Json::array({reference(api::kConfigMaps, first)}));
  cluster.begin();
  SECTION("for a dependent that stops to block") {
    cluster.client.modify(api::kConfigMaps, {"default", "second"},
                          [](Json& object) { object["metadata"]["finalizers"] = Json::array({"test/slow"}); });
    cluster.remove(api::kConfigMaps, "first", "Foreground");
    cluster.until([&] { return api::is_terminating(*cluster.peek(api::kConfigMaps, "second")); });
    cluster.settle();
    REQUIRE(cluster.peek(api::kConfigMaps, "first"));
    cluster.client.modify(api::kConfigMaps, {"default", "second"},
                          [](Json& object) { object["metadata"]["ownerReferences"][0]["blockOwnerDeletion"] = false; });
    cluster.until([&] { return !cluster.peek(api::kConfigMaps, "first"); });
  }
  SECTION("in a circle") {
    cluster.client.modify(api::kConfigMaps, {"default", "first"}, [&](Json& object) {
      object["metadata"]["ownerReferences"] =
          Json::array({reference(api::kConfigMaps, cluster.peek(api::kConfigMaps, "second"))});
    });
    cluster.settle();
    cluster.remove(api::kConfigMaps, "first", "Foreground");
    cluster.until([&] { return cluster.client.peek_all(api::kConfigMaps).empty(); });
  }
}
