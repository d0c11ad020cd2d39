#include "server/controllers/garbage_collector/garbage_collector.h"

#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using test::Cluster;

namespace {

const std::vector<api::ResourceType> kCollectedTypes = {api::kPods, api::kReplicaSets, api::kDeployments,
                                                        api::kConfigMaps};

struct GarbageCluster : Cluster {
  GarbageCollector collector{context(), kCollectedTypes};

  GarbageCluster() { start(collector); }
  ~GarbageCluster() { stop(collector); }

  api::ObjectPtr make(const api::ResourceType& type, const std::string& name, Json owners = Json::array()) {
    Json object = {{"metadata", {{"namespace", "default"}, {"name", name}, {"ownerReferences", std::move(owners)}}}};
    return client.put(type, std::move(object));
  }
  // Another owner beside the controller.
  static Json plain_reference(const api::ResourceType& type, const Json& object) {
    Json reference = api::controller_reference(type, object);
    reference.erase("controller");
    return reference;
  }
  void remove(const api::ResourceType& type, const std::string& name, const std::string& policy) {
    api::DeleteOptions options;
    options.propagation_policy = policy;
    const api::NamespacedName key{"default", name};
    REQUIRE(test::run(io, client.remove(type, key, options)));
  }
  bool exists(const api::ResourceType& type, const std::string& name) {
    return client.peek(type, {"default", name}) != nullptr;
  }
};

}  // namespace

TEST_CASE("GarbageCollector, background deletion") {
  GarbageCluster cluster;
  const auto deployment = cluster.make(api::kDeployments, "web");
  const auto set =
      cluster.make(api::kReplicaSets, "web-1", {api::controller_reference(api::kDeployments, *deployment)});
  cluster.make(api::kPods, "web-1-a", {api::controller_reference(api::kReplicaSets, *set)});
  cluster.make(api::kPods, "stranger");
  cluster.settle();

  SECTION("reaches the last generation") {
    cluster.remove(api::kDeployments, "web", "Background");
    cluster.until([&] { return !cluster.exists(api::kPods, "web-1-a"); });
    CHECK(!cluster.exists(api::kReplicaSets, "web-1"));
    CHECK(cluster.exists(api::kPods, "stranger"));
  }
  SECTION("leaves what has another owner, without the one that is gone") {
    const auto config = cluster.make(api::kConfigMaps, "config");
    cluster.make(api::kPods, "shared",
                 {api::controller_reference(api::kReplicaSets, *set),
                  GarbageCluster::plain_reference(api::kConfigMaps, *config)});
    cluster.settle();
    cluster.remove(api::kReplicaSets, "web-1", "Background");
    cluster.until([&] { return !cluster.exists(api::kPods, "web-1-a"); });
    cluster.settle();
    const auto pod = cluster.client.peek(api::kPods, {"default", "shared"});
    REQUIRE(pod);
    REQUIRE(api::owner_references_of(*pod).size() == 1);
    CHECK(api::owner_references_of(*pod)[0]["kind"] == "ConfigMap");
  }
}

TEST_CASE("GarbageCollector finds owners that never were") {
  GarbageCluster cluster;
  Json owner = {{"apiVersion", "apps/v1"}, {"kind", "ReplicaSet"}, {"name", "gone"}, {"uid", "u-gone"}};
  cluster.make(api::kPods, "a", {owner});
  cluster.until([&] { return !cluster.exists(api::kPods, "a"); });

  SECTION("also when another object has the name") {
    cluster.make(api::kReplicaSets, "other");
    owner["name"] = "other";
    owner["uid"] = "u-old-other";
    cluster.make(api::kPods, "b", {owner});
    cluster.until([&] { return !cluster.exists(api::kPods, "b"); });
    CHECK(cluster.exists(api::kReplicaSets, "other"));
  }
  SECTION("but not while it cannot be known") {
    owner["uid"] = "u-unsure";
    cluster.client.fail("get replicasets", api::unavailable("down"), 1000);
    cluster.make(api::kPods, "c", {owner});
    cluster.settle();
    CHECK(cluster.exists(api::kPods, "c"));
  }
}

TEST_CASE("GarbageCollector, foreground deletion") {
  GarbageCluster cluster;
  const auto deployment = cluster.make(api::kDeployments, "web");
  const auto set =
      cluster.make(api::kReplicaSets, "web-1", {api::controller_reference(api::kDeployments, *deployment)});
  cluster.make(api::kPods, "slow", {api::controller_reference(api::kReplicaSets, *set)});
  cluster.client.modify(api::kPods, {"default", "slow"},
                        [](Json& pod) { pod["metadata"]["finalizers"] = {"test/slow"}; });
  cluster.settle();
  cluster.remove(api::kDeployments, "web", "Foreground");
  cluster.until([&] { return api::is_terminating(*cluster.client.peek(api::kPods, {"default", "slow"})); });
  cluster.settle();
  CHECK(cluster.exists(api::kDeployments, "web"));
  CHECK(cluster.exists(api::kReplicaSets, "web-1"));

  cluster.client.erase(api::kPods, {"default", "slow"});
  cluster.until([&] { return !cluster.exists(api::kDeployments, "web"); });
  CHECK(!cluster.exists(api::kReplicaSets, "web-1"));
}

TEST_CASE("GarbageCollector, orphaning deletion") {
  GarbageCluster cluster;
  const auto set = cluster.make(api::kReplicaSets, "web-1");
  cluster.make(api::kPods, "a", {api::controller_reference(api::kReplicaSets, *set)});
  cluster.settle();
  cluster.remove(api::kReplicaSets, "web-1", "Orphan");
  cluster.until([&] { return !cluster.exists(api::kReplicaSets, "web-1"); });
  cluster.settle();
  const auto pod = cluster.client.peek(api::kPods, {"default", "a"});
  REQUIRE(pod);
  CHECK(api::owner_references_of(*pod).empty());
}

TEST_CASE("GarbageCollector tries again when the object has changed meanwhile") {
  GarbageCluster cluster;
  const auto set = cluster.make(api::kReplicaSets, "web-1");
  cluster.make(api::kPods, "a", {api::controller_reference(api::kReplicaSets, *set)});
  cluster.settle();
  cluster.client.fail("delete pods", api::object_modified("", "pods", "a"), 2);
  cluster.remove(api::kReplicaSets, "web-1", "Background");
  cluster.until([&] { return !cluster.exists(api::kPods, "a"); });
  CHECK(cluster.client.count_requests("delete pods") == 3);
}
