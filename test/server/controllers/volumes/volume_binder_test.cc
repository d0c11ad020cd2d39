#include "server/controllers/volumes/volume_binder.h"

#include "api/views/persistent_volume.h"
#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using test::Cluster;

namespace {

Json volume(const char* name, const char* size = "1Gi", Json modes = Json::array({"ReadWriteOnce"})) {
  return {{"metadata", {{"name", name}, {"labels", {{"name", name}}}}},
          {"spec",
           {{"capacity", {{"storage", size}}},
            {"accessModes", std::move(modes)},
            {"persistentVolumeReclaimPolicy", "Retain"},
            {"hostPath", {{"path", "/data"}}}}},
          {"status", {{"phase", "Pending"}}}};
}

Json claim(const char* name, const char* size = "1Gi") {
  return {{"metadata", {{"namespace", "default"}, {"name", name}}},
          {"spec", {{"accessModes", {"ReadWriteOnce"}}, {"resources", {{"requests", {{"storage", size}}}}}}},
          {"status", {{"phase", "Pending"}}}};
}

struct VolumeBinderCluster : Cluster {
  VolumeBinder binder{context()};

  VolumeBinderCluster() { start(binder); }
  ~VolumeBinderCluster() { stop(binder); }

  api::ObjectPtr volume_now(const char* name) { return client.peek(api::kPersistentVolumes, {"", name}); }
  api::ObjectPtr claim_now(const char* name) { return client.peek(api::kPersistentVolumeClaims, {"default", name}); }
  std::string volume_phase(const char* name) { return string_at(*volume_now(name), {"status", "phase"}); }
  std::string claim_phase(const char* name) { return string_at(*claim_now(name), {"status", "phase"}); }
  std::string volume_of(const char* name) { return string_at(*claim_now(name), {"spec", "volumeName"}); }

  void bind(const char* volume_name, const char* claim_name) {
    client.put(api::kPersistentVolumes, volume(volume_name));
    client.put(api::kPersistentVolumeClaims, claim(claim_name));
    until([&] { return claim_phase(claim_name) == "Bound"; });
  }
};

}  // namespace

TEST_CASE("which volume a claim gets") {
  struct Row {
    const char* name;
    const char* claim_patch;
    const char* expected;  // "" for none
  };
  const Row rows[] = {
      {"the smallest that is large enough", R"({"spec":{"resources":{"requests":{"storage":"2Gi"}}}})", "b-3"},
      {"the one with the fewest modes, though larger", R"({})", "b-3"},
      {"the only one with these modes", R"({"spec":{"accessModes":["ReadWriteOnce","ReadWriteMany"]}})", "a-1-many"},
      {"too large a wish", R"({"spec":{"resources":{"requests":{"storage":"20Gi"}}}})", ""},
      {"by label", R"({"spec":{"selector":{"matchLabels":{"name":"c-4"}}}})", "c-4"},
      {"by class", R"({"spec":{"storageClassName":"fast"}})", "fast-1"},
      {"by the class in an annotation",
       R"({"metadata":{"annotations":{"volume.beta.kubernetes.io/storage-class":"fast"}}})", "fast-1"},
      {"of the other mode", R"({"spec":{"volumeMode":"Block"}})", ""},
      {"one that is kept for it comes first", R"({"metadata":{"name":"vip"}})", "kept-9"},
      {"unless it is too small", R"({"metadata":{"name":"vip"},"spec":{"resources":{"requests":{"storage":"10Gi"}}}})",
       ""},
  };
  std::vector<api::ObjectPtr> volumes;
  auto add = [&](Json object) {
    object["status"]["phase"] = "Available";
    volumes.push_back(std::make_shared<const Json>(std::move(object)));
  };
  add(volume("a-1-many", "1Gi", {"ReadWriteOnce", "ReadWriteMany"}));
  add(volume("b-3", "3Gi"));
  add(volume("c-4", "4Gi"));
  Json fast = volume("fast-1");
  fast["spec"]["storageClassName"] = "fast";
  add(fast);
  Json kept = volume("kept-9", "9Gi");
  kept["spec"]["claimRef"] = {{"namespace", "default"}, {"name", "vip"}};
  add(kept);
  Json terminating = volume("a-terminating");
  terminating["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:00Z";
  add(terminating);
  for (const Row& row : rows) {
    INFO(row.name);
    Json wish = claim("data");
    wish.merge_patch(Json::parse(row.claim_patch));
    const api::ObjectPtr found = api::find_volume(wish, volumes, false);
    CHECK((found ? api::name_of(*found) : "") == row.expected);
  }
  CHECK(api::find_volume(claim("data"), volumes, true) == nullptr);
  CHECK(api::name_of(*api::find_volume(claim("vip"), volumes, true)) == "kept-9");
}

TEST_CASE("VolumeBinder binds a claim to a volume, whichever comes first") {
  VolumeBinderCluster cluster;
  SECTION("volume first") {
    cluster.client.put(api::kPersistentVolumes, volume("disk"));
    cluster.until([&] { return cluster.volume_phase("disk") == "Available"; });
    cluster.client.put(api::kPersistentVolumeClaims, claim("data"));
  }
  SECTION("claim first") {
    cluster.client.put(api::kPersistentVolumeClaims, claim("data"));
    cluster.until([&] { return !cluster.events("FailedBinding").empty(); });
    CHECK(cluster.events("FailedBinding")[0] ==
          "no persistent volumes available for this claim and no storage class is set");
    CHECK(cluster.claim_phase("data") == "Pending");
    cluster.client.put(api::kPersistentVolumes, volume("disk"));
  }
  cluster.until([&] { return cluster.claim_phase("data") == "Bound"; });
  cluster.settle();
  const Json bound_claim = *cluster.claim_now("data");
  CHECK(bound_claim["spec"]["volumeName"] == "disk");
  CHECK(bound_claim["status"]["capacity"] == Json({{"storage", "1Gi"}}));
  CHECK(bound_claim["status"]["accessModes"] == Json({"ReadWriteOnce"}));
  CHECK(bound_claim["metadata"]["annotations"] ==
        Json({{"pv.kubernetes.io/bind-completed", "yes"}, {"pv.kubernetes.io/bound-by-controller", "yes"}}));
  const Json bound_volume = *cluster.volume_now("disk");
  CHECK(bound_volume["status"]["phase"] == "Bound");
  CHECK(bound_volume["spec"]["claimRef"]["uid"] == bound_claim["metadata"]["uid"]);
  CHECK(bound_volume["spec"]["claimRef"]["kind"] == "PersistentVolumeClaim");
  CHECK(bound_volume["metadata"]["annotations"] == Json({{"pv.kubernetes.io/bound-by-controller", "yes"}}));
}

TEST_CASE("VolumeBinder gives every volume to one claim only") {
  VolumeBinderCluster cluster;
  for (const char* name : {"a", "b", "c"}) cluster.client.put(api::kPersistentVolumes, volume(name));
  for (const char* name : {"1", "2", "3", "4"}) cluster.client.put(api::kPersistentVolumeClaims, claim(name));
  cluster.settle();
  std::map<std::string, int> uses;
  for (const char* name : {"1", "2", "3", "4"}) ++uses[cluster.volume_of(name)];
  CHECK(uses == std::map<std::string, int>{{"", 1}, {"a", 1}, {"b", 1}, {"c", 1}});
}

TEST_CASE("VolumeBinder: a claim that names its volume") {
  VolumeBinderCluster cluster;
  Json wish = claim("data", "2Gi");
  wish["spec"]["volumeName"] = "disk";
  cluster.client.put(api::kPersistentVolumeClaims, wish);
  cluster.settle();
  CHECK(cluster.claim_phase("data") == "Pending");

  cluster.client.put(api::kPersistentVolumes, volume("disk"));
  cluster.until([&] { return !cluster.events("VolumeMismatch").empty(); });
  CHECK(cluster.events("VolumeMismatch")[0] == "Cannot bind to requested volume \"disk\": requested PV is too small");
  cluster.settle();
  CHECK(cluster.claim_phase("data") == "Pending");

  cluster.client.modify(api::kPersistentVolumes, {"", "disk"},
                        [](Json& object) { object["spec"]["capacity"]["storage"] = "2Gi"; });
  cluster.until([&] { return cluster.claim_phase("data") == "Bound"; });
  const Json annotations = cluster.claim_now("data")->at("metadata").at("annotations");
  CHECK(annotations == Json({{"pv.kubernetes.io/bind-completed", "yes"}}));

  Json second = claim("second");
  second["spec"]["volumeName"] = "disk";
  cluster.client.put(api::kPersistentVolumeClaims, second);
  cluster.until([&] { return !cluster.events("FailedBinding").empty(); });
  CHECK(cluster.events("FailedBinding")[0] == "volume \"disk\" already bound to a different claim.");
  CHECK(cluster.claim_phase("second") == "Pending");
}

TEST_CASE("VolumeBinder: a deleted claim releases its volume") {
  struct Row {
    const char* policy;
    const char* phase;
    const char* message;
  };
  const Row rows[] = {{"Retain", "Released", ""},
                      {"Delete", "Failed",
                       "error getting deleter volume plugin for volume \"disk\": no deletable volume plugin matched"},
                      {"Recycle", "Failed", "No recycler plugin found for the volume!"}};
  for (const Row& row : rows) {
    INFO(row.policy);
    VolumeBinderCluster cluster;
    cluster.bind("disk", "data");
    cluster.client.modify(api::kPersistentVolumes, {"", "disk"},
                          [&](Json& object) { object["spec"]["persistentVolumeReclaimPolicy"] = row.policy; });
    cluster.client.erase(api::kPersistentVolumeClaims, {"default", "data"});
    cluster.settle();
    CHECK(cluster.volume_phase("disk") == row.phase);
    CHECK(string_at(*cluster.volume_now("disk"), {"status", "message"}) == row.message);
    // A released volume keeps its data for its owner: no other claim gets it.
    cluster.client.put(api::kPersistentVolumeClaims, claim("data"));
    cluster.settle();
    CHECK(cluster.claim_phase("data") == "Pending");
    // Until somebody gives it free.
    cluster.client.modify(api::kPersistentVolumes, {"", "disk"},
                          [](Json& object) { object["spec"].erase("claimRef"); });
    cluster.until([&] { return cluster.claim_phase("data") == "Bound"; });
  }
}

TEST_CASE("VolumeBinder leaves the deletion of a provisioned volume to its provisioner") {
  VolumeBinderCluster cluster;
  cluster.bind("disk", "data");
  cluster.client.modify(api::kPersistentVolumes, {"", "disk"}, [](Json& object) {
    object["spec"]["persistentVolumeReclaimPolicy"] = "Delete";
    object["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"] = "example.com/disk";
  });
  cluster.client.erase(api::kPersistentVolumeClaims, {"default", "data"});
  cluster.settle();
  CHECK(cluster.volume_phase("disk") == "Released");
}

TEST_CASE("VolumeBinder: a claim whose volume is gone is lost") {
  VolumeBinderCluster cluster;
  cluster.bind("disk", "data");
  cluster.client.erase(api::kPersistentVolumes, {"", "disk"});
  cluster.until([&] { return cluster.claim_phase("data") == "Lost"; });
  cluster.settle();
  CHECK(cluster.events("ClaimLost") ==
        std::vector<std::string>{"Bound claim has lost its PersistentVolume. Data on the volume is lost!"});
}

TEST_CASE("VolumeBinder gives a volume free that its claim does not want") {
  VolumeBinderCluster cluster;
  Json wish = claim("data");
  wish["spec"]["volumeName"] = "other";
  const api::ObjectPtr stored = cluster.client.put(api::kPersistentVolumeClaims, wish);
  Json disk = volume("disk");
  disk["spec"]["claimRef"] = {{"namespace", "default"}, {"name", "data"}, {"uid", api::uid_of(*stored)}};
  SECTION("bound by the binder") {
    disk["metadata"]["annotations"]["pv.kubernetes.io/bound-by-controller"] = "yes";
    cluster.client.put(api::kPersistentVolumes, disk);
    cluster.until([&] { return cluster.volume_phase("disk") == "Available"; });
    CHECK_FALSE(cluster.volume_now("disk")->at("spec").contains("claimRef"));
  }
  SECTION("kept by a user") {
    cluster.client.put(api::kPersistentVolumes, disk);
    cluster.until([&] { return cluster.volume_phase("disk") == "Available"; });
    CHECK(cluster.volume_now("disk")->at("spec").at("claimRef") == Json({{"namespace", "default"}, {"name", "data"}}));
  }
}

TEST_CASE("VolumeBinder: what a claim is told while nothing suits it") {
  struct Row {
    const char* name;
    const char* storage_class;
    const char* reason;
    const char* message;
  };
  const Row rows[] = {
      {"unknown class", "", "ProvisioningFailed", "storageclass.storage.k8s.io \"c\" not found"},
      {"a provisioner elsewhere", R"({"provisioner":"example.com/disk","volumeBindingMode":"Immediate"})",
       "ExternalProvisioning",
       "Waiting for a volume to be created either by the external provisioner 'example.com/disk' or manually by the "
       "system administrator. If volume creation is delayed, please verify that the provisioner is running and "
       "correctly registered."},
      {"waits for a pod",
       R"({"provisioner":"kubernetes.io/no-provisioner","volumeBindingMode":"WaitForFirstConsumer"})",
       "WaitForFirstConsumer", "waiting for first consumer to be created before binding"},
      {"no provisioner", R"({"provisioner":"kubernetes.io/no-provisioner","volumeBindingMode":"Immediate"})",
       "ProvisioningFailed", "no volume plugin matched name: kubernetes.io/no-provisioner"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    VolumeBinderCluster cluster;
    const std::string text = row.storage_class;
    if (!text.empty()) {
      Json storage_class = Json::parse(text);
      storage_class["metadata"]["name"] = "c";
      cluster.client.put(api::kStorageClasses, storage_class);
      cluster.settle();
    }
    Json wish = claim("data");
    wish["spec"]["storageClassName"] = "c";
    cluster.client.put(api::kPersistentVolumeClaims, wish);
    cluster.until([&] { return !cluster.events(row.reason).empty(); });
    CHECK(cluster.events(row.reason)[0] == row.message);
    CHECK(cluster.claim_phase("data") == "Pending");
  }
}

TEST_CASE("VolumeBinder leaves the choice to the scheduler while a class waits for its first consumer") {
  VolumeBinderCluster cluster;
  Json storage_class = {{"metadata", {{"name", "local"}}},
                        {"provisioner", "kubernetes.io/no-provisioner"},
                        {"volumeBindingMode", "WaitForFirstConsumer"}};
  cluster.client.put(api::kStorageClasses, storage_class);
  Json disk = volume("disk");
  disk["spec"]["storageClassName"] = "local";
  cluster.client.put(api::kPersistentVolumes, disk);
  cluster.settle();
  Json wish = claim("data");
  wish["spec"]["storageClassName"] = "local";
  cluster.client.put(api::kPersistentVolumeClaims, wish);
  cluster.settle();
  CHECK(cluster.claim_phase("data") == "Pending");
  cluster.client.modify(api::kPersistentVolumes, {"", "disk"}, [](Json& object) {
    object["spec"]["claimRef"] = {{"namespace", "default"}, {"name", "data"}};
  });
  cluster.until([&] { return cluster.claim_phase("data") == "Bound"; });
}

TEST_CASE("VolumeBinder gives a claim the default class that comes later") {
  VolumeBinderCluster cluster;
  cluster.client.put(api::kPersistentVolumeClaims, claim("data"));
  cluster.settle();
  Json storage_class = {
      {"metadata", {{"name", "fast"}, {"annotations", {{"storageclass.kubernetes.io/is-default-class", "true"}}}}},
      {"provisioner", "example.com/disk"}};
  cluster.client.put(api::kStorageClasses, storage_class);
  cluster.until([&] { return string_at(*cluster.claim_now("data"), {"spec", "storageClassName"}) == "fast"; });
}
