#include "server/controllers/stateful_set/stateful_set_controller.h"

#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

#include <map>

using namespace skiff;
using namespace skiff::controllers;
using test::Cluster;

namespace {

using test::kWeb;
using Names = std::vector<std::string>;

Json web_set(int replicas) {
  const Json labels = {{"app", "web"}};
  return {{"metadata", {{"namespace", "default"}, {"name", "web"}}},
          {"spec",
           {{"replicas", replicas},
            {"serviceName", "web"},
            {"podManagementPolicy", "OrderedReady"},
            {"revisionHistoryLimit", 10},
            {"updateStrategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"partition", 0}}}}},
            {"selector", {{"matchLabels", labels}}},
            {"template",
             {{"metadata", {{"labels", labels}}}, {"spec", {{"containers", Json::array({{{"image", "v1"}}})}}}}}}}};
}

Json with_claims(Json set) {
  set["spec"]["volumeClaimTemplates"] =
      Json::parse(R"([{"metadata":{"name":"www","labels":{"tier":"disk"}},"spec":{"accessModes":["ReadWriteOnce"]},
                       "status":{"phase":"Pending"}}])");
  return set;
}

struct StatefulSetCluster : Cluster {
  StatefulSetController controller{context()};

  StatefulSetCluster() { start(controller); }
  ~StatefulSetCluster() { stop(controller); }

  Json set() { return *client.peek(api::kStatefulSets, kWeb); }
  void change(const std::function<void(Json&)>& how) { client.modify(api::kStatefulSets, kWeb, how); }
  void set_image(const char* image) {
    change([&](Json& object) { object["spec"]["template"]["spec"]["containers"][0]["image"] = image; });
  }
  Names pod_names() {
    Names names;
    for (const api::ObjectPtr& pod : pods()) names.push_back(api::name_of(*pod));
    return names;
  }
  // Settles, makes all pods ready, and again, until nothing changes.
  void run_to_the_end() {
    for (int i = 0; i < 40; ++i) {
      settle();
      run_pods();
    }
    settle();
  }
  // The images of the pods, in the order of their names.
  std::string images() {
    std::string text;
    for (const api::ObjectPtr& pod : pods()) {
      text += (text.empty() ? "" : " ") + string_at(pod->at("spec").at("containers").at(0), {"image"});
    }
    return text;
  }
  Names revision_numbers() {
    Names numbers;
    for (const api::ObjectPtr& revision : client.peek_all(api::kControllerRevisions)) {
      numbers.push_back(std::to_string(integer_at(*revision, {"revision"})));
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }
};

}  // namespace

TEST_CASE("StatefulSetController makes pods one after the other") {
  StatefulSetCluster cluster;
  cluster.client.put(api::kStatefulSets, with_claims(web_set(3)));
  cluster.settle();
  REQUIRE(cluster.pod_names() == Names{"web-0"});
  const Json first = *cluster.pods()[0];
  CHECK(first["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == "web-0");
  CHECK(first["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "0");
  CHECK(first["metadata"]["labels"]["controller-revision-hash"] == cluster.set()["status"]["updateRevision"]);
  CHECK(first["spec"]["hostname"] == "web-0");
  CHECK(first["spec"]["subdomain"] == "web");
  CHECK(first["spec"]["volumes"] ==
        Json::parse(R"([{"name":"www","persistentVolumeClaim":{"claimName":"www-web-0"}}])"));
  const Json claim = *cluster.client.peek(api::kPersistentVolumeClaims, {"default", "www-web-0"});
  CHECK(claim["metadata"]["labels"] == Json({{"app", "web"}, {"tier", "disk"}}));
  CHECK_FALSE(claim.contains("status"));
  CHECK_FALSE(claim["metadata"].contains("ownerReferences"));

  cluster.run_pods();
  cluster.settle();
  CHECK(cluster.pod_names() == Names{"web-0", "web-1"});
  cluster.run_to_the_end();
  CHECK(cluster.pod_names() == Names{"web-0", "web-1", "web-2"});
  const Json status = cluster.set()["status"];
  CHECK(status["replicas"] == 3);
  CHECK(status["readyReplicas"] == 3);
  CHECK(status["availableReplicas"] == 3);
  CHECK(status["currentReplicas"] == 3);
  CHECK(status["updatedReplicas"] == 3);
  CHECK(status["currentRevision"] == status["updateRevision"]);
  CHECK(status["collisionCount"] == 0);
  CHECK(status["observedGeneration"] == 1);
  CHECK(cluster.events("SuccessfulCreate") == Names{"create Claim www-web-0 Pod web-0 in StatefulSet web success",
                                                    "create Pod web-0 in StatefulSet web successful",
                                                    "create Claim www-web-1 Pod web-1 in StatefulSet web success",
                                                    "create Pod web-1 in StatefulSet web successful",
                                                    "create Claim www-web-2 Pod web-2 in StatefulSet web success",
                                                    "create Pod web-2 in StatefulSet web successful"});

  SECTION("and removes them in the opposite order") {
    cluster.change([](Json& object) { object["spec"]["replicas"] = 1; });
    cluster.run_to_the_end();
    CHECK(cluster.pod_names() == Names{"web-0"});
    CHECK(cluster.events("SuccessfulDelete") ==
          Names{"delete Pod web-2 in StatefulSet web successful", "delete Pod web-1 in StatefulSet web successful"});
    // The claims stay.
    CHECK(cluster.client.peek_all(api::kPersistentVolumeClaims).size() == 3);
  }
  SECTION("and makes one again that is gone, with its claim") {
    cluster.client.erase(api::kPods, {"default", "web-1"});
    cluster.settle();
    CHECK(cluster.pod_names() == Names{"web-0", "web-1", "web-2"});
    CHECK(cluster.client.count_requests("create persistentvolumeclaims") == 3);
  }
  SECTION("and replaces one that has failed") {
    cluster.client.modify(api::kPods, {"default", "web-1"}, [](Json& pod) { pod["status"]["phase"] = "Failed"; });
    cluster.run_to_the_end();
    CHECK(api::is_condition_true(*cluster.client.peek(api::kPods, {"default", "web-1"}), "Ready"));
  }
  SECTION("and gives a pod its labels back") {
    cluster.client.modify(api::kPods, {"default", "web-0"},
                          [](Json& pod) { pod["metadata"]["labels"].erase("statefulset.kubernetes.io/pod-name"); });
    cluster.settle();
    CHECK(*api::label_of(*cluster.client.peek(api::kPods, {"default", "web-0"}),
                         "statefulset.kubernetes.io/pod-name") == "web-0");
  }
}

TEST_CASE("StatefulSetController: Parallel makes and removes all at once") {
  StatefulSetCluster cluster;
  Json set = web_set(4);
  set["spec"]["podManagementPolicy"] = "Parallel";
  set["spec"]["ordinals"] = {{"start", 5}};
  cluster.client.put(api::kStatefulSets, set);
  cluster.settle();
  CHECK(cluster.pod_names() == Names{"web-5", "web-6", "web-7", "web-8"});
  cluster.change([](Json& object) { object["spec"]["replicas"] = 1; });
  cluster.settle();
  CHECK(cluster.pod_names() == Names{"web-5"});
}

TEST_CASE("StatefulSetController rolls a change out, from the highest ordinal down") {
  StatefulSetCluster cluster;
  cluster.client.put(api::kStatefulSets, web_set(3));
  cluster.run_to_the_end();
  const std::string first_revision = cluster.set()["status"]["currentRevision"];
  REQUIRE(cluster.images() == "v1 v1 v1");

  SECTION("one pod at a time") {
    cluster.set_image("v2");
    cluster.settle();
    CHECK(cluster.images() == "v1 v1 v2");
    CHECK(cluster.set()["status"]["currentRevision"] == first_revision);
    CHECK(cluster.set()["status"]["updateRevision"] != first_revision);
    CHECK(cluster.set()["status"]["updatedReplicas"] == 1);
    CHECK(cluster.set()["status"]["currentReplicas"] == 2);
    cluster.run_to_the_end();
    CHECK(cluster.images() == "v2 v2 v2");
    CHECK(cluster.set()["status"]["currentRevision"] == cluster.set()["status"]["updateRevision"]);
    CHECK(cluster.set()["status"]["currentReplicas"] == 3);
    CHECK(cluster.revision_numbers() == Names{"1", "2"});

    // Back to the first template: its revision becomes the newest.
    cluster.set_image("v1");
    cluster.run_to_the_end();
    CHECK(cluster.images() == "v1 v1 v1");
    CHECK(cluster.set()["status"]["currentRevision"] == first_revision);
    CHECK(cluster.revision_numbers() == Names{"2", "3"});
  }
  SECTION("down to the partition") {
    cluster.change([](Json& object) { object["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 2; });
    cluster.set_image("v2");
    cluster.run_to_the_end();
    CHECK(cluster.images() == "v1 v1 v2");
    // Pods below it that are made again are of the old template.
    cluster.client.erase(api::kPods, {"default", "web-0"});
    cluster.run_to_the_end();
    CHECK(cluster.images() == "v1 v1 v2");
    cluster.change([](Json& object) { object["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 0; });
    cluster.run_to_the_end();
    CHECK(cluster.images() == "v2 v2 v2");
  }
  SECTION("only when pods are deleted, with OnDelete") {
    cluster.change([](Json& object) { object["spec"]["updateStrategy"] = {{"type", "OnDelete"}}; });
    cluster.set_image("v2");
    cluster.run_to_the_end();
    CHECK(cluster.images() == "v1 v1 v1");
    cluster.client.erase(api::kPods, {"default", "web-1"});
    cluster.run_to_the_end();
    CHECK(cluster.images() == "v1 v2 v1");
  }
  SECTION("waiting for minReadySeconds") {
    cluster.change([](Json& object) { object["spec"]["minReadySeconds"] = 30; });
    cluster.clock.advance(std::chrono::minutes(1));
    cluster.set_image("v2");
    cluster.run_to_the_end();
    CHECK(cluster.images() == "v1 v1 v2");
    CHECK(cluster.set()["status"]["availableReplicas"] == 2);
    cluster.clock.advance(std::chrono::minutes(1));
    cluster.change([](Json& object) { object["metadata"]["labels"]["touched"] = "yes"; });
    cluster.settle();
    CHECK(cluster.images() == "v1 v2 v2");
  }
  SECTION("keeping as many old revisions as asked for") {
    cluster.change([](Json& object) { object["spec"]["revisionHistoryLimit"] = 1; });
    for (const char* image : {"v2", "v3", "v4"}) {
      cluster.set_image(image);
      cluster.run_to_the_end();
    }
    CHECK(cluster.revision_numbers() == Names{"3", "4"});
  }
}

TEST_CASE("StatefulSetController: who owns claims") {
  struct Row {
    const char* deleted;
    const char* scaled;
    const char* kept;  // owners of the claim of the pod that stays, and of the one that is scaled away
    const char* condemned;
  };
  const Row rows[] = {{"Retain", "Retain", "", ""},
                      {"Delete", "Retain", "StatefulSet", "StatefulSet"},
                      {"Retain", "Delete", "", "Pod"},
                      {"Delete", "Delete", "StatefulSet", "Pod"}};
  for (const Row& row : rows) {
    INFO(row.deleted << " " << row.scaled);
    StatefulSetCluster cluster;
    Json set = with_claims(web_set(2));
    set["spec"]["persistentVolumeClaimRetentionPolicy"] = {{"whenDeleted", row.deleted}, {"whenScaled", row.scaled}};
    cluster.client.put(api::kStatefulSets, set);
    cluster.run_to_the_end();
    cluster.change([](Json& object) { object["spec"]["replicas"] = 1; });
    cluster.run_to_the_end();
    auto owner = [&](const char* claim) {
      const api::ObjectPtr object = cluster.client.peek(api::kPersistentVolumeClaims, {"default", claim});
      const Json& owners = api::owner_references_of(*object);
      return owners.empty() ? std::string() : string_at(owners[0], {"kind"});
    };
    CHECK(owner("www-web-0") == row.kept);
    CHECK(owner("www-web-1") == row.condemned);
  }
}

TEST_CASE("StatefulSetController adopts pods that are called after the set") {
  StatefulSetCluster cluster;
  auto orphan = [](const char* name) {
    return Json{{"metadata", {{"namespace", "default"}, {"name", name}, {"labels", {{"app", "web"}}}}}};
  };
  cluster.client.put(api::kPods, orphan("web-0"));
  cluster.client.put(api::kPods, orphan("web-x"));
  cluster.client.put(api::kPods, orphan("web-00"));
  cluster.client.put(api::kStatefulSets, web_set(1));
  cluster.settle();
  CHECK(api::controller_of(*cluster.client.peek(api::kPods, {"default", "web-0"})) != nullptr);
  CHECK(api::controller_of(*cluster.client.peek(api::kPods, {"default", "web-x"})) == nullptr);
  CHECK(api::controller_of(*cluster.client.peek(api::kPods, {"default", "web-00"})) == nullptr);
}

TEST_CASE("StatefulSetController says why a pod cannot be made, and tries again") {
  StatefulSetCluster cluster;
  cluster.client.fail("create pods", api::forbidden("", "pods", "web-0", "exceeded quota"), 2);
  cluster.client.put(api::kStatefulSets, web_set(1));
  cluster.until([&] { return cluster.pods().size() == 1; });
  cluster.until([&] { return !cluster.events("FailedCreate").empty(); });
  CHECK(cluster.events("FailedCreate")[0] ==
        "create Pod web-0 in StatefulSet web failed error: pods \"web-0\" is forbidden: exceeded quota");
}

TEST_CASE("StatefulSetController leaves a set that is being deleted alone") {
  StatefulSetCluster cluster;
  Json set = web_set(3);
  set["metadata"]["finalizers"] = {"foregroundDeletion"};
  set["metadata"]["deletionTimestamp"] = format_time(cluster.clock.now());
  cluster.client.put(api::kStatefulSets, set);
  cluster.settle();
  CHECK(cluster.pods().empty());
  CHECK(cluster.client.peek_all(api::kControllerRevisions).empty());
}
