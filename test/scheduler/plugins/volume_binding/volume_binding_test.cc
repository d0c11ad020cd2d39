#include "api/views/conditions.h"
#include "test/scheduler/running_scheduler.h"

using namespace skiff;
using namespace skiff::test;

namespace {

const std::string kUsesData = R"({"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"data"}}]})";

Json claim(const char* phase, const char* storage_class) {
  Json object{{"metadata", {{"namespace", "default"}, {"name", "data"}}},
              {"spec",
               {{"accessModes", {"ReadWriteOnce"}},
                {"storageClassName", storage_class},
                {"resources", {{"requests", {{"storage", "1Gi"}}}}}}},
              {"status", {{"phase", phase}}}};
  if (std::string(phase) != "Pending") object["spec"]["volumeName"] = "disk";
  if (std::string(phase) == "Bound") object["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] = "yes";
  return object;
}

// A volume that only the node of that name reaches.
Json volume(const char* name, const char* node) {
  return {{"metadata", {{"name", name}}},
          {"spec",
           {{"capacity", {{"storage", "1Gi"}}},
            {"accessModes", {"ReadWriteOnce"}},
            {"storageClassName", "local"},
            {"nodeAffinity",
             {{"required",
               {{"nodeSelectorTerms", Json::array({{{"matchFields", Json::array({{{"key", "metadata.name"},
                                                                                  {"operator", "In"},
                                                                                  {"values", {node}}}})}}})}}}}}}},
          {"status", {{"phase", "Available"}}}};
}

// Three nodes, and a pod "a" that is looked at.
struct WaitingPod : RunningScheduler {
  WaitingPod() {
    for (const char* node : {"n1", "n2", "n3"}) add_node(node);
  }
  // Why it waits; "" before anybody has said.
  std::string message() {
    const Json object = pod("a");
    const Json* scheduled = api::find_condition(object, "PodScheduled");
    return scheduled == nullptr ? "" : string_at(*scheduled, {"message"});
  }
};

}  // namespace

TEST_CASE("Scheduler: a pod waits for its claims, and says why") {
  struct Row {
    const char* name;
    const char* claim_phase;  // "" for no claim
    const char* volume_node;  // "" for no volume
    const char* reason;
  };
  const Row rows[] = {
      {"no claim", "", "", "persistentvolumeclaim \"data\" not found"},
      {"unbound", "Pending", "", "pod has unbound immediate PersistentVolumeClaims"},
      {"lost", "Lost", "", "persistentvolumeclaim \"data\" bound to non-existent persistentvolume \"disk\""},
      {"bound to a node that is not there", "Bound", "n9", "3 node(s) had volume node affinity conflict"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    WaitingPod fixture;
    if (*row.claim_phase != '\0') fixture.client.put(api::kPersistentVolumeClaims, claim(row.claim_phase, "fast"));
    if (*row.volume_node != '\0') fixture.client.put(api::kPersistentVolumes, volume("disk", row.volume_node));
    fixture.start();
    fixture.add_pod("a", kUsesData);
    fixture.until([&] { return !fixture.message().empty(); });
    CHECK(fixture.message() == std::string("0/3 nodes are available: ") + row.reason +
                                   ". preemption: 0/3 nodes are available: 3 Preemption is not helpful for "
                                   "scheduling.");
  }
}

TEST_CASE("Scheduler: a pod goes where its volume is, as soon as the claim is bound") {
  WaitingPod fixture;
  fixture.client.put(api::kPersistentVolumeClaims, claim("Pending", "fast"));
  fixture.start();
  fixture.add_pod("a", kUsesData);
  fixture.until([&] { return !fixture.message().empty(); });
  fixture.client.put(api::kPersistentVolumes, volume("disk", "n2"));
  fixture.client.modify(api::kPersistentVolumeClaims, {"default", "data"}, [](Json& object) {
    object["spec"]["volumeName"] = "disk";
    object["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] = "yes";
    object["status"]["phase"] = "Bound";
  });
  fixture.until([&] { return fixture.node_of("a") == "n2"; });
}

TEST_CASE("Scheduler: a node that is full anyway is not blamed for the volume") {
  WaitingPod fixture;
  fixture.client.put(api::kPersistentVolumeClaims, claim("Bound", "fast"));
  fixture.client.put(api::kPersistentVolumes, volume("disk", "n2"));
  fixture.start();
  Json pod = pod_object("a", requesting(R"({"cpu": "100"})"));
  pod["spec"].update(Json::parse(kUsesData));
  fixture.client.put(api::kPods, pod);
  fixture.until([&] { return !fixture.message().empty(); });
  CHECK(fixture.message().starts_with("0/3 nodes are available: 3 Insufficient cpu."));
}

TEST_CASE("Scheduler chooses the volume for a claim that waits for its first consumer") {
  WaitingPod fixture;
  fixture.client.put(api::kStorageClasses, Json{{"metadata", {{"name", "local"}}},
                                                {"provisioner", "kubernetes.io/no-provisioner"},
                                                {"volumeBindingMode", "WaitForFirstConsumer"}});
  fixture.client.put(api::kPersistentVolumeClaims, claim("Pending", "local"));
  fixture.start();
  fixture.add_pod("a", kUsesData);
  fixture.until([&] { return !fixture.message().empty(); });
  CHECK(fixture.message().starts_with(
      "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind."));

  fixture.client.put(api::kPersistentVolumes, volume("far", "n9"));
  fixture.client.put(api::kPersistentVolumes, volume("disk", "n3"));
  auto reference = [&] {
    return string_at(*fixture.client.peek(api::kPersistentVolumes, {"", "disk"}), {"spec", "claimRef", "name"});
  };
  fixture.until([&] { return reference() == "data"; });
  CHECK(fixture.node_of("a").empty());
  // What the binder does then.
  fixture.client.modify(api::kPersistentVolumeClaims, {"default", "data"}, [](Json& object) {
    object["spec"]["volumeName"] = "disk";
    object["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] = "yes";
    object["status"]["phase"] = "Bound";
  });
  fixture.until([&] { return fixture.node_of("a") == "n3"; });
  CHECK_FALSE(fixture.client.peek(api::kPersistentVolumes, {"", "far"})->at("spec").contains("claimRef"));
}
