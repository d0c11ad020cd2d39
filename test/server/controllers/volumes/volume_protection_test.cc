#include "server/controllers/volumes/volume_protection.h"

#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using test::Cluster;

namespace {

struct VolumeProtectionCluster : Cluster {
  VolumeProtection protection{context()};

  VolumeProtectionCluster() { start(protection); }
  ~VolumeProtectionCluster() { stop(protection); }

  bool has_claim() { return client.peek(api::kPersistentVolumeClaims, {"default", "data"}) != nullptr; }
  void remove_claim() {
    const api::DeleteOptions options;
    REQUIRE(test::run(io, client.remove(api::kPersistentVolumeClaims, {"default", "data"}, options)));
  }
};

Json pod_on(const char* node) {
  Json object = {
      {"metadata", {{"namespace", "default"}, {"name", "user"}}},
      {"spec", {{"volumes", Json::array({{{"name", "v"}, {"persistentVolumeClaim", {{"claimName", "data"}}}}})}}},
      {"status", {{"phase", "Running"}}}};
  if (*node != '\0') object["spec"]["nodeName"] = node;
  return object;
}

}  // namespace

TEST_CASE("VolumeProtection keeps a claim until no pod uses it") {
  VolumeProtectionCluster cluster;
  cluster.client.put(api::kPersistentVolumeClaims, {{"metadata", {{"namespace", "default"}, {"name", "data"}}}});
  cluster.until([&] {
    return api::has_finalizer(*cluster.client.peek(api::kPersistentVolumeClaims, {"default", "data"}),
                              VolumeProtection::kClaimFinalizer);
  });
  SECTION("nobody uses it") {
    cluster.remove_claim();
    cluster.until([&] { return !cluster.has_claim(); });
  }
  SECTION("a pod without a node does not use it yet") {
    cluster.client.put(api::kPods, pod_on(""));
    cluster.settle();
    cluster.remove_claim();
    cluster.until([&] { return !cluster.has_claim(); });
  }
  SECTION("a pod on a node does") {
    cluster.client.put(api::kPods, pod_on("n1"));
    cluster.settle();
    cluster.remove_claim();
    cluster.settle();
    REQUIRE(cluster.has_claim());
    SECTION("until it is gone") { cluster.client.erase(api::kPods, {"default", "user"}); }
    SECTION("until it has ended") {
      cluster.client.modify(api::kPods, {"default", "user"},
                            [](Json& object) { object["status"]["phase"] = "Succeeded"; });
    }
    cluster.until([&] { return !cluster.has_claim(); });
  }
}

TEST_CASE("VolumeProtection keeps a volume while it is bound") {
  VolumeProtectionCluster cluster;
  cluster.client.put(api::kPersistentVolumes, {{"metadata", {{"name", "disk"}}}, {"status", {{"phase", "Bound"}}}});
  auto volume = [&] { return cluster.client.peek(api::kPersistentVolumes, {"", "disk"}); };
  cluster.until([&] { return api::has_finalizer(*volume(), VolumeProtection::kVolumeFinalizer); });
  const api::DeleteOptions options;
  REQUIRE(test::run(cluster.io, cluster.client.remove(api::kPersistentVolumes, {"", "disk"}, options)));
  cluster.settle();
  REQUIRE(volume() != nullptr);
  cluster.client.modify(api::kPersistentVolumes, {"", "disk"},
                        [](Json& object) { object["status"]["phase"] = "Released"; });
  cluster.until([&] { return volume() == nullptr; });
}
