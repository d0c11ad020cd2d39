#include "scheduler/plugins/pod_topology_spread/pod_topology_spread.h"

#include "test/scheduler/topology_objects.h"

#include <catch2/catch.hpp>

#include <map>
#include <vector>

using namespace skiff;
using namespace skiff::scheduler;
using namespace skiff::test;

namespace {

const std::string kByZone = R"("topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule")";
const std::string kSpreadNotMatched = "node(s) didn't match pod topology spread constraints";

// Zones a (2 nodes) and b (1 node).
void add_three_nodes(TopologyCluster& cluster) {
  cluster.add_node(node_in_zone("a1", "a"));
  cluster.add_node(node_in_zone("a2", "a"));
  cluster.add_node(node_in_zone("b1", "b"));
}

}  // namespace

TEST_CASE("PodTopologySpread keeps pods out of crowded domains") {
  struct Row {
    const char* name;
    std::vector<std::string> web_pods_on;
    std::string members;
    std::string answer;
  };
  const std::string three = "0/3 nodes are available: 3 " + kSpreadNotMatched;
  const Row rows[] = {
      {"the emptier zone", {"a1"}, kByZone, "b1"},
      {"the sum of a zone counts", {"a1", "a2", "b1"}, kByZone, "b1"},
      {"by node",
       {"a1", "b1"},
       R"("topologyKey": "kubernetes.io/hostname", "maxSkew": 1,
          "whenUnsatisfiable": "DoNotSchedule")",
       "a2"},
      {"fewer domains than wanted count as an empty one", {"a1", "b1"}, kByZone + R"(, "minDomains": 3)", three},
      {"enough domains do not", {"a1", "b1", "a1"}, kByZone + R"(, "minDomains": 2)", "b1"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      TopologyCluster cluster;
      add_three_nodes(cluster);
      int number = 0;
      for (const std::string& node : row.web_pods_on) {
        cluster.run(labelled_pod("running-" + std::to_string(number++), "web"), node);
      }
      for (int i = 0; i < 10; ++i) CHECK(cluster.answer(labelled_pod("new", "web", spread(row.members))) == row.answer);
    }
  }
}

TEST_CASE("PodTopologySpread counts pods of the same namespace that are not terminating") {
  TopologyCluster cluster;
  add_three_nodes(cluster);
  Json elsewhere = labelled_pod("elsewhere", "web");
  elsewhere["metadata"]["namespace"] = "other";
  cluster.run(elsewhere, "b1");
  Json terminating = labelled_pod("terminating", "web");
  terminating["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z";
  cluster.run(terminating, "b1");
  cluster.run(labelled_pod("other-app", "db"), "b1");
  cluster.run(labelled_pod("counted", "web"), "a1");
  CHECK(cluster.answer(labelled_pod("new", "web", spread(kByZone))) == "b1");
}

TEST_CASE("PodTopologySpread lets a pod that does not match itself add nothing") {
  TopologyCluster cluster;
  add_three_nodes(cluster);
  cluster.run(labelled_pod("running", "web"), "a1");
  cluster.add_node(node_in_zone("b1", "b", R"({"unschedulable": true})"));
  CHECK(cluster.answer(labelled_pod("new", "web", spread(kByZone))) ==
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 " + kSpreadNotMatched);
  const std::string node = cluster.answer(labelled_pod("new", "db", spread(kByZone)));
  CHECK((node == "a1" || node == "a2"));
}

TEST_CASE("PodTopologySpread needs the labels") {
  TopologyCluster cluster;
  cluster.add_node(node_in_zone("x1", ""));
  cluster.add_node(node_in_zone("a1", "a"));
  cluster.add_node(node_in_zone("b1", "b", R"({"unschedulable": true})"));
  cluster.run(labelled_pod("running", "web"), "a1");
  const Placement placement = cluster.placer.place(info_of(labelled_pod("new", "web", spread(kByZone))), cluster.cache);
  REQUIRE(placement.node == nullptr);
  CHECK(placement.rejection.message(true) ==
        "0/3 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) didn't match pod "
        "topology spread constraints (missing required label), 1 node(s) were unschedulable. preemption: 0/3 nodes are "
        "available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.");
  CHECK((placement.rejection.events & (kPodAdded | kPodGone | kPodChanged | kNodeGone | kNodeLabelsChanged)) ==
        (kPodAdded | kPodGone | kPodChanged | kNodeGone | kNodeLabelsChanged));
}

TEST_CASE("PodTopologySpread leaves out nodes as its policies say") {
  struct Row {
    const char* name;
    const char* node_b;  // its spec
    const char* label_b;
    std::string members;
    bool counts_b;  // then the zone a is too crowded
  };
  const std::string tainted = R"({"taints": [{"key": "k", "effect": "NoSchedule"}]})";
  const Row rows[] = {
      {"excluded by affinity", "{}", "no", kByZone, false},
      {"excluded by affinity, ignored", "{}", "no", kByZone + R"(, "nodeAffinityPolicy": "Ignore")", true},
      {"tainted", tainted.c_str(), "yes", kByZone, true},
      {"tainted, honored", tainted.c_str(), "yes", kByZone + R"(, "nodeTaintsPolicy": "Honor")", false},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      TopologyCluster cluster;
      Json a = node_in_zone("a1", "a");
      a["metadata"]["labels"]["wanted"] = "yes";
      cluster.add_node(a);
      Json b = node_in_zone("b1", "b", row.node_b);
      b["metadata"]["labels"]["wanted"] = row.label_b;
      cluster.add_node(b);
      cluster.run(labelled_pod("running", "web"), "a1");
      Json pod = labelled_pod("new", "web", spread(row.members));
      pod["spec"]["nodeSelector"] = {{"wanted", "yes"}};
      CHECK((cluster.answer(pod) == "a1") == !row.counts_b);
    }
  }
}

TEST_CASE("PodTopologySpread counts by the pod's own values of matchLabelKeys") {
  TopologyCluster cluster;
  add_three_nodes(cluster);
  const auto of_version = [](const std::string& name, const std::string& version) {
    Json pod = labelled_pod(name, "web", spread(kByZone + R"(, "matchLabelKeys": ["version"])"));
    pod["metadata"]["labels"]["version"] = version;
    return pod;
  };
  cluster.run(of_version("a", "1"), "b1");
  cluster.run(of_version("b", "2"), "a1");
  CHECK(cluster.answer(of_version("new", "2")) == "b1");
  CHECK(cluster.answer(of_version("new", "1")) != "b1");
}

TEST_CASE("PodTopologySpread prefers nodes of emptier domains where it must not insist") {
  const std::string preferred = R"("maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway", "topologyKey": )";
  TopologyCluster cluster;
  add_three_nodes(cluster);
  SECTION("by zone, even onto a fuller node") {
    cluster.run(labelled_pod("running", "web"), "a1");
    cluster.run(labelled_pod("big", "db", requesting(R"({"cpu": "32"})")), "b1");
    CHECK(cluster.answer(labelled_pod("new", "web", spread(preferred + R"("zone")"))) == "b1");
  }
  SECTION("by node") {
    cluster.run(labelled_pod("a", "web"), "a1");
    cluster.run(labelled_pod("b", "web"), "b1");
    CHECK(cluster.answer(labelled_pod("new", "web", spread(preferred + R"("kubernetes.io/hostname")"))) == "a2");
  }
  SECTION("and goes on when all are crowded") {
    std::map<std::string, int> pods;
    for (int i = 0; i < 8; ++i) {
      const std::string name = "p" + std::to_string(i);
      ++pods[cluster.place(labelled_pod(name, "web", spread(preferred + R"("zone")")))];
    }
    CHECK(pods["b1"] == 4);
    CHECK(pods["a1"] + pods["a2"] == 4);
  }
  SECTION("a node without the label comes last") {
    cluster.add_node(node_in_zone("x1", ""));
    cluster.run(labelled_pod("running", "web"), "b1");
    for (int i = 0; i < 10; ++i) {
      const std::string node = cluster.answer(labelled_pod("new", "web", spread(preferred + R"("zone")")));
      CHECK((node == "a1" || node == "a2"));
    }
  }
}

TEST_CASE("PodTopologySpread scores in proportion to the most crowded domain") {
  const PodInfoPtr pod = info_of(labelled_pod(
      "new", "web", spread(R"("maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway", "topologyKey": "zone")")));
  const PodTopologySpread plugin(*pod);
  const auto group = [](std::int64_t count, std::uint64_t domain) {
    return NodeGroup{{Standing{domain != 0, count, domain}}, 1};
  };
  // The weight of a pod is ln(3 domains + 2): 16, 8 and 0.
  CHECK(plugin.score({group(10, 1), group(5, 2), group(0, 3)}) == std::vector<std::int64_t>{0, 50, 100});
  CHECK(plugin.score({group(10, 1), group(5, 2), NodeGroup{{Standing{}}, 1}}) == std::vector<std::int64_t>{50, 100, 0});
  CHECK(plugin.score({group(0, 1), group(0, 2)}) == std::vector<std::int64_t>{100, 100});
  CHECK(plugin.score({}).empty());
}
