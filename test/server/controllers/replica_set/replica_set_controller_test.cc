#include "server/controllers/replica_set/replica_set_controller.h"

#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using test::Cluster;

namespace {

using test::kWeb;

Json web_replicas(int replicas) {
  const Json labels = {{"app", "web"}};
  return {{"metadata", {{"namespace", "default"}, {"name", "web"}}},
          {"spec",
           {{"replicas", replicas},
            {"selector", {{"matchLabels", labels}}},
            {"template", {{"metadata", {{"labels", labels}}}, {"spec", {{"containers", Json::array()}}}}}}}};
}

struct ReplicaSetCluster : Cluster {
  ReplicaSetController controller{context(), kReplicaSetKind};

  ReplicaSetCluster() { start(controller); }
  ~ReplicaSetCluster() { stop(controller); }
  std::int64_t status(const char* member) {
    return integer_at(*client.peek(api::kReplicaSets, kWeb), {"status", member});
  }
  void scale(int replicas) {
    client.modify(api::kReplicaSets, kWeb, [&](Json& set) { set["spec"]["replicas"] = replicas; });
  }
};

}  // namespace

TEST_CASE("ReplicaSetController keeps the number of pods") {
  ReplicaSetCluster cluster;
  cluster.client.put(api::kReplicaSets, web_replicas(5));
  cluster.until([&] { return cluster.status("replicas") == 5; });
  CHECK(cluster.client.count_requests("create pods ") == 5);
  CHECK(cluster.events("SuccessfulCreate").size() == 5);
  CHECK(cluster.events("SuccessfulCreate")[0].starts_with("Created pod: web-"));

  cluster.run_pods();
  cluster.until([&] { return cluster.status("availableReplicas") == 5; });
  CHECK(cluster.status("observedGeneration") == 1);

  SECTION("a deleted pod is replaced") {
    cluster.client.erase(api::kPods, api::key_of(*cluster.pods()[0]));
    cluster.until([&] { return cluster.pods().size() == 5; });
    cluster.settle();
    CHECK(cluster.pods().size() == 5);
  }
  SECTION("a pod that is being deleted is replaced before it is gone") {
    cluster.client.modify(api::kPods, api::key_of(*cluster.pods()[0]),
                          [&](Json& pod) { pod["metadata"]["deletionTimestamp"] = format_time(cluster.clock.now()); });
    cluster.until([&] { return cluster.pods().size() == 6; });
    cluster.settle();
    CHECK(cluster.pods().size() == 6);
  }
  SECTION("a failed pod is replaced") {
    cluster.client.modify(api::kPods, api::key_of(*cluster.pods()[0]),
                          [&](Json& pod) { pod["status"]["phase"] = "Failed"; });
    cluster.until([&] { return cluster.pods().size() == 6; });
  }
  SECTION("scaled down") {
    cluster.set_ready(api::key_of(*cluster.pods()[3]), false);
    const std::string unready = api::name_of(*cluster.pods()[3]);
    cluster.settle();
    cluster.scale(4);
    cluster.until([&] { return cluster.status("replicas") == 4; });
    CHECK(cluster.client.peek(api::kPods, {"default", unready}) == nullptr);
    cluster.until([&] { return !cluster.events("SuccessfulDelete").empty(); });
    CHECK(cluster.events("SuccessfulDelete")[0] == "Deleted pod: " + unready);
  }
  SECTION("a pod that loses its label is released and replaced, one that gains it is adopted") {
    const api::NamespacedName stray = api::key_of(*cluster.pods()[0]);
    cluster.client.modify(api::kPods, stray, [&](Json& pod) { pod["metadata"]["labels"]["app"] = "debug"; });
    cluster.until([&] { return cluster.pods().size() == 6; });
    cluster.settle();
    CHECK(api::controller_of(*cluster.client.peek(api::kPods, stray)) == nullptr);

    cluster.client.modify(api::kPods, stray, [&](Json& pod) { pod["metadata"]["labels"]["app"] = "web"; });
    cluster.until([&] { return cluster.pods().size() == 5; });
  }
}

TEST_CASE("ReplicaSetController never makes too many, whatever comes between") {
  ReplicaSetCluster cluster;
  cluster.client.put(api::kReplicaSets, web_replicas(700));
  int touches = 0;
  cluster.until([&] {
    // Each touch makes a sync that sees only some of the pods that were asked for.
    if (touches < 50 && cluster.pods().size() > static_cast<std::size_t>(touches) * 10) {
      ++touches;
      cluster.client.modify(api::kReplicaSets, kWeb,
                            [&](Json& set) { set["metadata"]["labels"]["touch"] = std::to_string(touches); });
    }
    return cluster.status("replicas") == 700;
  });
  cluster.settle();
  CHECK(touches == 50);
  CHECK(cluster.client.count_requests("create pods ") == 700);
  CHECK(cluster.client.count_requests("delete pods ") == 0);
}

TEST_CASE("ReplicaSetController asks carefully while pods are refused") {
  ReplicaSetCluster cluster;
  api::Status quota = api::forbidden("", "pods", "web-", "exceeded quota");
  cluster.client.fail("create pods", quota, 3);
  cluster.client.put(api::kReplicaSets, web_replicas(100));
  cluster.until([&] { return cluster.client.count_requests("create pods ") >= 3; });
  // One pod a try: the first batch failed each time.
  CHECK(cluster.client.count_requests("create pods ") == 3);
  cluster.until([&] { return cluster.status("replicas") == 100; });
  CHECK(cluster.client.count_requests("create pods ") == 103);
  CHECK(cluster.events("FailedCreate") ==
        std::vector<std::string>{"Error creating: pods \"web-\" is forbidden: exceeded quota"});
  cluster.settle();
  CHECK(api::find_condition(*cluster.client.peek(api::kReplicaSets, kWeb), "ReplicaFailure") == nullptr);
}

TEST_CASE("ReplicaSetController leaves a ReplicaSet that is being deleted alone") {
  ReplicaSetCluster cluster;
  Json set = web_replicas(3);
  set["metadata"]["finalizers"] = {"foregroundDeletion"};
  set["metadata"]["deletionTimestamp"] = format_time(cluster.clock.now());
  cluster.client.put(api::kReplicaSets, set);
  cluster.settle();
  CHECK(cluster.pods().empty());
}

TEST_CASE("ReplicaSetController keeps the pods of ReplicationControllers, too") {
  Cluster cluster;
  ReplicaSetController controller{cluster.context(), kReplicationControllerKind};
  cluster.start(controller);
  Json web_controller = web_replicas(3);
  web_controller["spec"]["selector"] = {{"app", "web"}};
  cluster.client.put(api::kReplicationControllers, web_controller);
  const auto status = [&](const char* member) {
    return integer_at(*cluster.client.peek(api::kReplicationControllers, kWeb), {"status", member});
  };
  cluster.until([&] { return status("fullyLabeledReplicas") == 3; });
  const Json owner = *api::controller_of(*cluster.pods()[0]);
  CHECK(owner["apiVersion"] == "v1");
  CHECK(owner["kind"] == "ReplicationController");
  cluster.client.modify(api::kReplicationControllers, kWeb, [](Json& object) { object["spec"]["replicas"] = 1; });
  cluster.until([&] { return status("replicas") == 1; });
  CHECK(cluster.pods().size() == 1);
  cluster.stop(controller);
}
