#include "scheduler/placement.h"

#include "scheduler/cache.h"
#include "test/scheduler/objects.h"

#include <catch2/catch.hpp>

#include <set>

using namespace skiff;
using namespace skiff::scheduler;
using namespace skiff::test;

namespace {

Cache cluster_of(const std::vector<Json>& nodes) {
  Cache cache;
  for (const Json& node : nodes) cache.set_node(std::make_shared<const Json>(node));
  return cache;
}

std::string rejection(const std::vector<Json>& nodes, const std::string& pod_spec, bool may_preempt = true) {
  const Cache cache = cluster_of(nodes);
  Placer placer(1);
  const Placement placement = placer.place(*pod_info("a", pod_spec), cache.nodes());
  REQUIRE(placement.node == nullptr);
  return placement.rejection.message(may_preempt);
}

}  // namespace

TEST_CASE("Rejections are worded as upstream's") {
  const Json cordoned = node_object("c", R"({"unschedulable": true})");
  const Json tainted = node_object("t", R"({"taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]})");
  const std::string big = requesting(R"({"cpu": "100"})");
  CHECK(rejection({}, "{}") == "no nodes available to schedule pods");
  CHECK(
      rejection({node_object("n1")}, big) ==
      "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found "
      "for incoming pod.");
  CHECK(rejection({node_object("n1"), cordoned, tainted, node_object("n2")}, big) ==
        "0/4 nodes are available: 1 node(s) had untolerated taint {k: v}, 1 node(s) were unschedulable, 2 Insufficient "
        "cpu. preemption: 0/4 nodes are available: 2 No preemption victims found for incoming pod, 2 Preemption is not "
        "helpful for scheduling.");
  CHECK(rejection({tainted}, "{}") ==
        "0/1 nodes are available: 1 node(s) had untolerated taint {k: v}. preemption: 0/1 nodes are available: 1 "
        "Preemption is not helpful for scheduling.");
  CHECK(rejection({node_object("n1")}, big, false) ==
        "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.");
}

TEST_CASE("A rejection waits for what its plugins say may help") {
  const Cache cache = cluster_of({node_object("c", R"({"unschedulable": true})"), node_object("n")});
  Placer placer(1);
  const Placement placement = placer.place(*pod_info("a", requesting(R"({"cpu": "100"})")), cache.nodes());
  CHECK(placement.rejection.events == (kNodeAdded | kNodeTaintsChanged | kNodeAllocatableChanged | kPodGone));
}

TEST_CASE("feasible_nodes_to_find") {
  CHECK(feasible_nodes_to_find(0) == 0);
  CHECK(feasible_nodes_to_find(100) == 100);
  CHECK(feasible_nodes_to_find(150) == 100);
  CHECK(feasible_nodes_to_find(1000) == 420);
  CHECK(feasible_nodes_to_find(6000) == 300);
  CHECK(feasible_nodes_to_find(100000) == 5000);
}

TEST_CASE("Placer prefers what the scores prefer") {
  Placer placer(1);
  SECTION("the emptier node") {
    Cache cache = cluster_of({node_object("n1"), node_object("n2")});
    cache.assume(pod_info("running", requesting(R"({"cpu": "2"})")), "n1");
    for (int i = 0; i < 10; ++i) {
      const Placement placement = placer.place(*pod_info("a"), cache.nodes());
      REQUIRE(placement.node != nullptr);
      CHECK(placement.node->name() == "n2");
    }
  }
  SECTION("a node without a taint to avoid, even a fuller one") {
    Cache cache = cluster_of(
        {node_object("n1", R"({"taints": [{"key": "k", "effect": "PreferNoSchedule"}]})"), node_object("n2")});
    cache.assume(pod_info("running", requesting(R"({"cpu": "2"})")), "n2");
    CHECK(placer.place(*pod_info("a"), cache.nodes()).node->name() == "n2");
  }
  SECTION("a node of preferred affinity") {
    Json far = node_object("n1");
    far["metadata"]["labels"]["disk"] = "hdd";
    const Cache cache = cluster_of({far, node_object("n2")});
    const PodInfoPtr pod = pod_info("a", R"({"affinity": {"nodeAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {"matchExpressions": [
          {"key": "disk", "operator": "In", "values": ["ssd"]}]}}]}}})");
    CHECK(placer.place(*pod, cache.nodes()).node->name() == "n2");
  }
  SECTION("equal ones by chance") {
    const Cache cache = cluster_of({node_object("n1"), node_object("n2"), node_object("n3")});
    std::set<std::string> chosen;
    for (int i = 0; i < 100; ++i) chosen.insert(placer.place(*pod_info("a"), cache.nodes()).node->name());
    CHECK(chosen.size() == 3);
  }
}
