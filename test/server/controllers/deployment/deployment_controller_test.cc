#include "server/controllers/deployment/deployment_controller.h"

#include "server/controllers/deployment/revision.h"
#include "server/controllers/replica_set/replica_set_controller.h"
#include "server/controllers/template_hash.h"
#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using test::Cluster;

namespace {

using test::kWeb;

Json web(int replicas, const std::string& image) {
  const Json labels = {{"app", "web"}};
  const Json containers = {{{"name", "c"}, {"image", image}}};
  return {{"metadata", {{"namespace", "default"}, {"name", "web"}, {"annotations", {{"note", "x"}}}}},
          {"spec",
           {{"replicas", replicas},
            {"revisionHistoryLimit", 2},
            {"progressDeadlineSeconds", 600},
            {"selector", {{"matchLabels", labels}}},
            {"strategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxSurge", 1}, {"maxUnavailable", 1}}}}},
            {"template", {{"metadata", {{"labels", labels}}}, {"spec", {{"containers", containers}}}}}}}};
}

struct DeploymentCluster : Cluster {
  DeploymentController deployments{context()};
  ReplicaSetController replica_sets{context(), kReplicaSetKind};

  DeploymentCluster() { start(deployments, replica_sets); }
  ~DeploymentCluster() { stop(deployments, replica_sets); }

  api::ObjectPtr deployment() { return client.peek(api::kDeployments, kWeb); }
  std::int64_t status(const char* member) { return integer_at(*deployment(), {"status", member}); }
  std::string progress() {
    const Json* condition = api::find_condition(*deployment(), "Progressing");
    return condition == nullptr ? "" : string_at(*condition, {"reason"});
  }
  std::vector<api::ObjectPtr> sets() { return client.peek_all(api::kReplicaSets); }
  // The ReplicaSet of an image, or null.
  api::ObjectPtr set_of(const std::string& image) {
    for (const api::ObjectPtr& set : sets()) {
      if (set->at("spec").at("template").at("spec").at("containers").at(0).at("image") == image) return set;
    }
    return nullptr;
  }
  void change(const std::function<void(Json&)>& change) { client.modify(api::kDeployments, kWeb, change); }
  void set_image(const std::string& image) {
    change([&](Json& object) { object["spec"]["template"]["spec"]["containers"][0]["image"] = image; });
  }
  // Plays kubelet until the rollout is complete.
  void roll_out() {
    constexpr int kMaxSteps = 50;
    for (int step = 0; step < kMaxSteps; ++step) {
      settle();
      const bool complete = progress() == "NewReplicaSetAvailable" &&
                            status("updatedReplicas") == integer_at(*deployment(), {"spec", "replicas"}) &&
                            status("replicas") == status("updatedReplicas") &&
                            status("observedGeneration") == api::generation_of(*deployment());
      if (complete) return;
      run_pods();
    }
    FAIL("the rollout does not end");
  }
};

}  // namespace

TEST_CASE("DeploymentController makes a ReplicaSet and reports progress") {
  DeploymentCluster cluster;
  cluster.client.put(api::kDeployments, web(3, "v1"));
  cluster.until([&] { return cluster.pods().size() == 3; });
  cluster.settle();

  const api::ObjectPtr set = cluster.set_of("v1");
  REQUIRE(set);
  const std::string hash = template_hash(cluster.deployment()->at("spec").at("template"), 0);
  CHECK(hash.size() >= 6);
  CHECK(api::name_of(*set) == "web-" + hash);
  CHECK(api::labels_of(*set) == Json({{"app", "web"}, {"pod-template-hash", hash}}));
  CHECK(set->at("spec").at("selector") == Json({{"matchLabels", {{"app", "web"}, {"pod-template-hash", hash}}}}));
  CHECK(api::annotations_of(*set) == Json({{"note", "x"},
                                           {"deployment.kubernetes.io/revision", "1"},
                                           {"deployment.kubernetes.io/desired-replicas", "3"},
                                           {"deployment.kubernetes.io/max-replicas", "4"}}));
  CHECK(revision_of(*cluster.deployment()) == 1);
  CHECK(cluster.events("ScalingReplicaSet") ==
        std::vector<std::string>{"Scaled up replica set " + api::name_of(*set) + " from 0 to 3"});
  CHECK(cluster.progress() == "ReplicaSetUpdated");
  CHECK(api::condition_status(*cluster.deployment(), "Available") == "False");
  CHECK(cluster.status("unavailableReplicas") == 3);

  cluster.roll_out();
  CHECK(cluster.status("availableReplicas") == 3);
  const Json status = cluster.deployment()->at("status");
  CHECK(!status.contains("unavailableReplicas"));
  CHECK(string_at(*api::find_condition(*cluster.deployment(), "Available"), {"message"}) ==
        "Deployment has minimum availability.");
  CHECK(string_at(*api::find_condition(*cluster.deployment(), "Progressing"), {"message"}) ==
        "ReplicaSet \"" + api::name_of(*set) + "\" has successfully progressed.");

  SECTION("scaling does not make a new one") {
    cluster.change([](Json& object) { object["spec"]["replicas"] = 5; });
    cluster.roll_out();
    CHECK(cluster.pods().size() == 5);
    CHECK(cluster.sets().size() == 1);
    CHECK(*api::annotation_of(*cluster.set_of("v1"), kDesiredReplicasAnnotation) == "5");
  }
  SECTION("a ReplicaSet that was deleted comes back") {
    cluster.client.erase(api::kReplicaSets, api::key_of(*set));
    cluster.until([&] { return cluster.set_of("v1") != nullptr; });
  }
}

TEST_CASE("DeploymentController rolls to a new template and back") {
  DeploymentCluster cluster;
  cluster.client.put(api::kDeployments, web(4, "v1"));
  cluster.roll_out();
  const std::string first = api::name_of(*cluster.set_of("v1"));

  cluster.set_image("v2");
  cluster.until([&] { return cluster.set_of("v2") != nullptr; });
  CHECK(cluster.pods().size() <= 5);
  cluster.roll_out();
  CHECK(cluster.pods().size() == 4);
  CHECK(integer_at(*cluster.set_of("v1"), {"spec", "replicas"}) == 0);
  CHECK(revision_of(*cluster.set_of("v2")) == 2);
  CHECK(revision_of(*cluster.deployment()) == 2);

  SECTION("a rollback is the old ReplicaSet with a new revision") {
    cluster.set_image("v1");
    cluster.roll_out();
    CHECK(cluster.sets().size() == 2);
    CHECK(api::name_of(*cluster.set_of("v1")) == first);
    CHECK(revision_of(*cluster.set_of("v1")) == 3);
    CHECK(*api::annotation_of(*cluster.set_of("v1"), kRevisionHistoryAnnotation) == "1");
    CHECK(revision_of(*cluster.deployment()) == 3);
  }
  SECTION("history is limited") {
    for (const char* image : {"v3", "v4", "v5"}) {
      cluster.set_image(image);
      cluster.roll_out();
    }
    cluster.until([&] { return cluster.sets().size() == 3; });
    CHECK(cluster.set_of("v1") == nullptr);
    CHECK(cluster.set_of("v2") == nullptr);
    CHECK(cluster.set_of("v3") != nullptr);
  }
}

TEST_CASE("DeploymentController pauses and resumes") {
  DeploymentCluster cluster;
  cluster.client.put(api::kDeployments, web(2, "v1"));
  cluster.roll_out();
  cluster.change([](Json& object) { object["spec"]["paused"] = true; });
  cluster.until([&] { return cluster.progress() == "DeploymentPaused"; });
  cluster.set_image("v2");
  cluster.settle();
  CHECK(cluster.set_of("v2") == nullptr);
  cluster.change([](Json& object) { object["spec"]["replicas"] = 3; });
  cluster.until([&] { return cluster.pods().size() == 3; });

  cluster.change([](Json& object) { object["spec"]["paused"] = false; });
  cluster.until([&] { return cluster.set_of("v2") != nullptr; });
  cluster.roll_out();
  CHECK(cluster.pods().size() == 3);
}

TEST_CASE("Strategy Recreate starts new pods when the last old one is gone") {
  DeploymentCluster cluster;
  Json deployment = web(2, "v1");
  deployment["spec"]["strategy"] = {{"type", "Recreate"}};
  cluster.client.put(api::kDeployments, deployment);
  cluster.roll_out();
  const api::NamespacedName slow = api::key_of(*cluster.pods()[0]);
  cluster.client.modify(api::kPods, slow, [](Json& pod) { pod["metadata"]["finalizers"] = {"test/slow"}; });
  cluster.set_image("v2");
  cluster.settle();
  CHECK(cluster.pods().size() == 1);
  CHECK(cluster.set_of("v2") == nullptr);

  cluster.client.erase(api::kPods, slow);
  cluster.until([&] { return cluster.pods().size() == 2; });
  cluster.roll_out();
}

TEST_CASE("A rollout that makes no progress times out") {
  DeploymentCluster cluster;
  cluster.client.put(api::kDeployments, web(2, "v1"));
  cluster.settle();
  CHECK(cluster.progress() == "ReplicaSetUpdated");
  cluster.clock.advance(std::chrono::seconds(602));
  cluster.change([](Json& object) { object["metadata"]["labels"]["touch"] = "1"; });
  cluster.until([&] { return cluster.progress() == "ProgressDeadlineExceeded"; });
  const Json* condition = api::find_condition(*cluster.deployment(), "Progressing");
  CHECK(string_at(*condition, {"status"}) == "False");
  CHECK(string_at(*condition, {"message"}).ends_with("has timed out progressing."));
  cluster.roll_out();
}

TEST_CASE("A name that another ReplicaSet has is a collision") {
  DeploymentCluster cluster;
  const Json deployment = web(1, "v1");
  const std::string hash = template_hash(deployment.at("spec").at("template"), 0);
  cluster.client.put(api::kReplicaSets, {{"metadata", {{"namespace", "default"}, {"name", "web-" + hash}}},
                                         {"spec",
                                          {{"replicas", 0},
                                           {"selector", {{"matchLabels", {{"app", "other"}}}}},
                                           {"template", {{"spec", Json::object()}}}}}});
  cluster.client.put(api::kDeployments, deployment);
  cluster.until([&] { return cluster.pods().size() == 1; });
  CHECK(cluster.status("collisionCount") == 1);
  CHECK(cluster.sets().size() == 2);
}
