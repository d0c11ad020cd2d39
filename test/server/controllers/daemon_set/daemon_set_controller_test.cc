#include "server/controllers/daemon_set/daemon_set_controller.h"

#include "server/controllers/daemon_set/daemon_pod.h"
#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace skiff;
using namespace skiff::controllers;
using test::Cluster;

namespace {

const api::NamespacedName kLog{"default", "log"};

Json log_daemon() {
  const Json labels = {{"app", "log"}};
  return {
      {"metadata", {{"namespace", "default"}, {"name", "log"}}},
      {"spec",
       {{"selector", {{"matchLabels", labels}}},
        {"revisionHistoryLimit", 1},
        {"updateStrategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", 1}, {"maxSurge", 0}}}}},
        {"template",
         {{"metadata", {{"labels", labels}}},
          {"spec", {{"containers", Json::array({{{"name", "c"}, {"image", "v1"}}})}}}}}}}};
}

struct DaemonSetCluster : Cluster {
  DaemonSetController controller{context()};

  DaemonSetCluster() {
    for (const char* name : {"n1", "n2", "n3"}) add_node(name);
    start(controller);
  }
  ~DaemonSetCluster() { stop(controller); }

  void add_node(const std::string& name) {
    client.put(api::kNodes, Json{{"metadata", {{"name", name}}}, {"spec", Json::object()}});
  }
  [[nodiscard]] std::int64_t status(const char* member) const {
    return integer_at(*client.peek(api::kDaemonSets, kLog), {"status", member});
  }
  // What scheduler and kubelet would do.
  void run_daemons() {
    for (const api::ObjectPtr& pod : pods()) {
      if (!api::is_condition_true(*pod, "Ready")) set_ready(api::key_of(*pod), true);
    }
  }
  [[nodiscard]] std::vector<std::string> images() const {
    std::vector<std::string> all;
    for (const api::ObjectPtr& pod : pods()) all.push_back((*pod)["spec"]["containers"][0]["image"]);
    std::sort(all.begin(), all.end());
    return all;
  }
  void set_image(const char* image) {
    client.modify(api::kDaemonSets, kLog,
                  [&](Json& set) { set["spec"]["template"]["spec"]["containers"][0]["image"] = image; });
  }
  // Runs until all pods have that image and are available.
  void until_rolled_out(const char* image, std::size_t nodes = 3) {
    until([&] {
      run_daemons();
      return images() == std::vector<std::string>(nodes, image) &&
             status("numberAvailable") == static_cast<std::int64_t>(nodes);
    });
  }
  [[nodiscard]] std::vector<std::int64_t> revisions() const {
    std::vector<std::int64_t> numbers;
    for (const api::ObjectPtr& revision : client.peek_all(api::kControllerRevisions)) {
      numbers.push_back(integer_at(*revision, {"revision"}));
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }
};

}  // namespace

TEST_CASE("DaemonSetController keeps a pod on each node") {
  DaemonSetCluster cluster;
  cluster.client.put(api::kDaemonSets, log_daemon());
  cluster.until_rolled_out("v1");
  CHECK(cluster.status("desiredNumberScheduled") == 3);
  CHECK(cluster.status("updatedNumberScheduled") == 3);
  CHECK(cluster.status("observedGeneration") == 1);
  CHECK(cluster.revisions() == std::vector<std::int64_t>{1});
  CHECK(cluster.events("SuccessfulCreate").size() == 3);
  std::set<std::string> nodes;
  for (const auto& pod : cluster.pods()) nodes.insert(target_node(*pod));
  CHECK(nodes == std::set<std::string>{"n1", "n2", "n3"});

  SECTION("also on those that come later") {
    cluster.add_node("n4");
    cluster.until_rolled_out("v1", 4);
  }
  SECTION("none on those that go") {
    cluster.client.modify(api::kNodes, {"", "n2"}, [](Json& node) {
      node["spec"]["taints"] = Json::array({{{"key", "k"}, {"effect", "NoExecute"}}});
    });
    cluster.until([&] { return cluster.pods().size() == 2; });
    cluster.until([&] { return cluster.status("desiredNumberScheduled") == 2; });
  }
  SECTION("a deleted pod comes back") {
    cluster.client.erase(api::kPods, api::key_of(*cluster.pods()[0]));
    cluster.until([&] { return cluster.pods().size() == 3; });
    cluster.settle();
    CHECK(cluster.pods().size() == 3);
  }
  SECTION("a failed pod is replaced") {
    const api::ObjectPtr failed = cluster.pods()[0];
    cluster.client.modify(api::kPods, api::key_of(*failed), [](Json& pod) { pod["status"]["phase"] = "Failed"; });
    cluster.until([&] { return cluster.client.peek(api::kPods, api::key_of(*failed)) == nullptr; });
    cluster.until([&] { return cluster.pods().size() == 3; });
    cluster.until([&] { return !cluster.events("FailedDaemonPod").empty(); });
    CHECK(cluster.events("FailedDaemonPod")[0] == "Found failed daemon pod " + api::key_of(*failed).to_string() +
                                                      " on node " + target_node(*failed) + ", will try to kill it");
  }
  SECTION("a deleted revision comes back") {
    cluster.client.erase(api::kControllerRevisions,
                         api::key_of(*cluster.client.peek_all(api::kControllerRevisions)[0]));
    cluster.until([&] { return cluster.revisions() == std::vector<std::int64_t>{1}; });
  }
}

TEST_CASE("DaemonSetController rolls a change out from node to node, and back") {
  DaemonSetCluster cluster;
  cluster.client.put(api::kDaemonSets, log_daemon());
  cluster.until_rolled_out("v1");
  cluster.set_image("v2");
  // Never more than one is missing or not ready.
  cluster.until([&] {
    const auto pods = cluster.pods();
    const auto ready =
        std::count_if(pods.begin(), pods.end(), [](const auto& pod) { return api::is_condition_true(*pod, "Ready"); });
    CHECK(ready >= 2);
    if (pods.size() == 3) cluster.run_daemons();
    return cluster.images() == std::vector<std::string>(3, "v2") && cluster.status("numberAvailable") == 3;
  });
  CHECK(cluster.revisions() == std::vector<std::int64_t>{1, 2});

  cluster.set_image("v1");
  cluster.until_rolled_out("v1");
  // The first revision is the newest again.
  CHECK(cluster.revisions() == std::vector<std::int64_t>{2, 3});
  cluster.set_image("v3");
  cluster.until_rolled_out("v3");
  // One old revision is kept.
  cluster.until([&] { return cluster.revisions() == std::vector<std::int64_t>{3, 4}; });
}

TEST_CASE("DaemonSetController takes another hash when one is taken") {
  DaemonSetCluster cluster;
  Json set = log_daemon();
  Json named = new_revision(set, 1);
  named["data"] = {{"spec", "of somebody else"}};
  named["metadata"].erase("ownerReferences");
  named["metadata"]["labels"] = {{"app", "stranger"}};
  cluster.client.put(api::kControllerRevisions, named);
  cluster.client.put(api::kDaemonSets, set);
  cluster.until_rolled_out("v1");
  CHECK(cluster.status("collisionCount") == 1);
  CHECK(cluster.client.peek_all(api::kControllerRevisions).size() == 2);
}

TEST_CASE("DaemonSetController gives the pods of a duplicate revision to the one that stays") {
  DaemonSetCluster cluster;
  cluster.client.put(api::kDaemonSets, log_daemon());
  cluster.until_rolled_out("v1");
  Json duplicate = *cluster.client.peek_all(api::kControllerRevisions)[0];
  const std::string old_name = api::name_of(duplicate);
  duplicate["metadata"]["name"] = "log-twin";
  duplicate["metadata"]["labels"]["controller-revision-hash"] = "twin";
  duplicate["metadata"].erase("uid");
  duplicate["revision"] = 2;
  cluster.client.put(api::kControllerRevisions, duplicate);
  cluster.until([&] { return cluster.client.peek(api::kControllerRevisions, {"default", old_name}) == nullptr; });
  cluster.settle();
  CHECK(cluster.pods().size() == 3);
  for (const auto& pod : cluster.pods()) CHECK(*api::label_of(*pod, "controller-revision-hash") == "twin");
  CHECK(cluster.client.count_requests("delete pods ") == 0);
}

TEST_CASE("DaemonSetController leaves a DaemonSet that is being deleted alone") {
  DaemonSetCluster cluster;
  Json set = log_daemon();
  set["metadata"]["finalizers"] = {"foregroundDeletion"};
  set["metadata"]["deletionTimestamp"] = format_time(cluster.clock.now());
  cluster.client.put(api::kDaemonSets, set);
  cluster.settle();
  CHECK(cluster.pods().empty());
  CHECK(cluster.revisions().empty());
}
