#include "scheduler/placement.h"

#include "scheduler/cache.h"
#include "test/scheduler/objects.h"

#include <catch2/catch.hpp>

#include <map>
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
  const Placement placement = placer.place(pod_info("a", pod_spec), cache);
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
  const Placement placement = placer.place(pod_info("a", requesting(R"({"cpu": "100"})")), cache);
  CHECK(placement.rejection.events == (kNodeAdded | kNodeTaintsChanged | kNodeAllocatableChanged | kPodGone));
}

TEST_CASE("Placer prefers what the scores prefer") {
  Placer placer(1);
  SECTION("the emptier node") {
    Cache cache = cluster_of({node_object("n1"), node_object("n2")});
    cache.assume(*pod_info("running", requesting(R"({"cpu": "2"})")), "n1");
    for (int i = 0; i < 10; ++i) {
      const Placement placement = placer.place(pod_info("a"), cache);
      REQUIRE(placement.node != nullptr);
      CHECK(placement.node->name() == "n2");
    }
  }
  SECTION("a node without a taint to avoid, even a fuller one") {
    Cache cache = cluster_of(
        {node_object("n1", R"({"taints": [{"key": "k", "effect": "PreferNoSchedule"}]})"), node_object("n2")});
    cache.assume(*pod_info("running", requesting(R"({"cpu": "2"})")), "n2");
    CHECK(placer.place(pod_info("a"), cache).node->name() == "n2");
  }
  SECTION("a node of preferred affinity") {
    Json far = node_object("n1");
    far["metadata"]["labels"]["disk"] = "hdd";
    const Cache cache = cluster_of({far, node_object("n2")});
    const PodInfoPtr pod = pod_info("a", R"({"affinity": {"nodeAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {"matchExpressions": [
          {"key": "disk", "operator": "In", "values": ["ssd"]}]}}]}}})");
    CHECK(placer.place(pod, cache).node->name() == "n2");
  }
  SECTION("equal ones by chance") {
    const Cache cache = cluster_of({node_object("n1"), node_object("n2"), node_object("n3")});
    std::set<std::string> chosen;
    for (int i = 0; i < 100; ++i) chosen.insert(placer.place(pod_info("a"), cache).node->name());
    CHECK(chosen.size() == 3);
  }
}

TEST_CASE("A pod that names its node is tried nowhere else") {
  const Cache cache = cluster_of({node_object("n1"), node_object("n2"), node_object("n3")});
  Placer placer(1);
  const auto bound_to = [](const std::string& node, const std::string& cpu) {
    Json spec = Json::parse(requesting("{\"cpu\": \"" + cpu + "\"}"));
    const Json naming = {{"key", "metadata.name"}, {"operator", "In"}, {"values", {node}}};
    const Json term = {{"matchFields", Json::array({naming})}};
    spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"] =
        Json::array({term});
    return pod_info("a", spec.dump());
  };
  CHECK(placer.place(bound_to("n2", "1"), cache).node->name() == "n2");
  CHECK(placer.judged() == 1);
  const Placement full = placer.place(bound_to("n2", "100"), cache);
  REQUIRE(full.node == nullptr);
  CHECK(placer.judged() == 2);
  CHECK(full.rejection.counts == std::map<std::string, std::size_t>{
                                     {"Insufficient cpu", 1}, {"node(s) didn't satisfy plugin(s) [NodeAffinity]", 2}});
  CHECK(full.rejection.resolvable == 1);
  CHECK(placer.place(bound_to("n9", "1"), cache).rejection.counts.begin()->second == 3);
}

// The work, not the time: what a pod costs must not grow with the cluster.
TEST_CASE("A pod of a kind that was there before costs the nodes that changed since") {
  constexpr std::size_t kNodes = 500;
  std::vector<Json> nodes;
  for (std::size_t i = 0; i < kNodes; ++i) nodes.push_back(node_object("n" + std::to_string(i)));
  Cache cache = cluster_of(nodes);
  Placer placer(1);
  const std::string small = requesting(R"({"cpu": "100m"})");
  const std::string big = requesting(R"({"cpu": "100"})");

  SECTION("when they fit") {
    std::map<std::string, int> pods;
    for (std::size_t i = 0; i < 2 * kNodes; ++i) {
      const PodInfoPtr pod = pod_info("p" + std::to_string(i), small);
      const Placement placement = placer.place(pod, cache);
      REQUIRE(placement.node != nullptr);
      ++pods[placement.node->name()];
      cache.assume(*pod, placement.node->name());
    }
    CHECK(placer.judged() == kNodes + 2 * kNodes - 1);
    // And each was put onto one of the emptiest nodes.
    CHECK(pods.size() == kNodes);
    for (const auto& [node, count] : pods) CHECK(count == 2);
  }
  SECTION("when they fit nowhere, while room becomes free elsewhere") {
    cache.assume(*pod_info("running", small), "n7");
    for (int i = 0; i < 10; ++i) {
      const Placement placement = placer.place(pod_info("a", big), cache);
      CHECK(placement.rejection.counts == std::map<std::string, std::size_t>{{"Insufficient cpu", kNodes}});
      CHECK(placement.rejection.resolvable == kNodes);
    }
    CHECK(placer.judged() == kNodes);
    cache.remove_pod("running");
    CHECK(placer.place(pod_info("a", big), cache).node == nullptr);
    CHECK(placer.judged() == kNodes + 1);
  }
  SECTION("when nodes come, go and change") {
    REQUIRE(placer.place(pod_info("a", big), cache).node == nullptr);
    cache.remove_node("n3");
    cache.set_node(std::make_shared<const Json>(node_object("n4", R"({"unschedulable": true})")));
    cache.set_node(std::make_shared<const Json>(node_object("huge", "{}", R"({"cpu": "200", "pods": "10"})")));
    CHECK(placer.place(pod_info("a", big), cache).node->name() == "huge");
    CHECK(placer.judged() <= kNodes + 3);
    cache.remove_node("huge");
    const Placement placement = placer.place(pod_info("a", big), cache);
    CHECK(placement.node == nullptr);
    CHECK(placement.rejection.nodes == kNodes - 1);
    CHECK(placement.rejection.counts ==
          std::map<std::string, std::size_t>{{"Insufficient cpu", kNodes - 2}, {"node(s) were unschedulable", 1}});
    CHECK(placer.judged() <= kNodes + 4);
  }
  SECTION("also in turns with those of other kinds") {
    for (std::size_t i = 0; i < kNodes; ++i) {
      for (const char* cpu : {"100m", "50m", "10m"}) {
        const PodInfoPtr pod = pod_info(cpu + std::to_string(i), requesting("{\"cpu\": \"" + std::string(cpu) + "\"}"));
        cache.assume(*pod, placer.place(pod, cache).node->name());
      }
    }
    // Between two pods of a kind three nodes change.
    CHECK(placer.judged() <= 3 * kNodes + 3 * 3 * kNodes);
  }
  SECTION("and never more than all nodes, however much it missed") {
    static_cast<void>(placer.place(pod_info("a", small), cache));
    for (std::size_t i = 0; i < 3 * kNodes; ++i) {
      cache.assume(*pod_info("x" + std::to_string(i), small), "n" + std::to_string(i % 50));
    }
    static_cast<void>(placer.place(pod_info("a", small), cache));
    CHECK(placer.judged() == 2 * kNodes);
  }
}

TEST_CASE("Scores that compare nodes are right while nodes change") {
  Placer placer(1);
  Cache cache = cluster_of({node_object("n1"), node_object("n2")});
  const auto taint = [&cache](const std::string& name, int taints) {
    Json spec = {{"taints", Json::array()}};
    for (int i = 0; i < taints; ++i) {
      spec["taints"].push_back({{"key", "k" + std::to_string(i)}, {"effect", "PreferNoSchedule"}});
    }
    cache.set_node(std::make_shared<const Json>(node_object(name, spec.dump())));
  };
  const auto chosen = [&] { return placer.place(pod_info("a"), cache).node->name(); };
  taint("n1", 1);
  CHECK(chosen() == "n2");
  taint("n2", 2);
  CHECK(chosen() == "n1");
  taint("n1", 3);
  CHECK(chosen() == "n2");
  cache.remove_node("n2");
  CHECK(chosen() == "n1");
}

TEST_CASE("Only the latest kinds of pods are remembered") {
  const Cache cache = cluster_of({node_object("n1", "{}", R"({"cpu": "4", "memory": "8Gi", "pods": "1000"})")});
  Placer placer(1);
  const auto place = [&](std::size_t kind) {
    const auto pod = pod_info("a", requesting("{\"cpu\": \"" + std::to_string(kind) + "m\"}"));
    return placer.place(pod, cache).node != nullptr;
  };
  for (std::size_t kind = 0; kind < Placer::kRankings; ++kind) CHECK(place(kind));
  CHECK(place(0));
  CHECK(placer.judged() == Placer::kRankings);
  CHECK(place(Placer::kRankings));  // takes the place of 1
  CHECK(place(0));
  CHECK(placer.judged() == Placer::kRankings + 1);
  CHECK(place(1));
  CHECK(placer.judged() == Placer::kRankings + 2);
}
