// Pods that look at others: what they cost, and that the counts that are kept say the same as counting anew.
#include "test/scheduler/topology_objects.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

using namespace skiff;
using namespace skiff::scheduler;
using namespace skiff::test;

namespace {

constexpr std::size_t kManyNodes = 1000;
constexpr std::size_t kManyPods = 2000;
constexpr std::size_t kZones = 10;
constexpr const char* kHostLabel = "kubernetes.io/hostname";

void add_many_nodes(TopologyCluster& cluster) {
  for (std::size_t i = 0; i < kManyNodes; ++i) {
    cluster.add_node(node_in_zone("n" + std::to_string(i), "z" + std::to_string(i % kZones)));
  }
}

// Pods per node; those that fit nowhere under "".
std::map<std::string, std::size_t> place_many(TopologyCluster& cluster, std::size_t count, const std::string& spec) {
  std::map<std::string, std::size_t> pods;
  for (std::size_t i = 0; i < count; ++i) ++pods[cluster.place(labelled_pod("p" + std::to_string(i), "web", spec))];
  return pods;
}

std::map<std::string, std::size_t> by_zone(const std::map<std::string, std::size_t>& pods) {
  std::map<std::string, std::size_t> zones;
  for (const auto& [node, count] : pods) zones["z" + std::to_string(std::stoul(node.substr(1)) % kZones)] += count;
  return zones;
}

std::size_t highest(const std::map<std::string, std::size_t>& counts) {
  std::size_t most = 0;
  for (const auto& [key, count] : counts) most = std::max(most, count);
  return most;
}

const std::string kApartByNode =
    R"({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
    {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}]}}})";

}  // namespace

TEST_CASE("Pods that look at others cost the nodes that changed, not the cluster") {
  TopologyCluster cluster;
  add_many_nodes(cluster);
  SECTION("spread over zones") {
    const auto pods = place_many(
        cluster, kManyPods, spread(R"("topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule")"));
    CHECK(highest(by_zone(pods)) == kManyPods / kZones);
    CHECK(cluster.placer.judged() == kManyNodes + kManyPods - 1);
  }
  SECTION("spread over nodes") {
    const std::string spec =
        spread(R"("topologyKey": "kubernetes.io/hostname", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule")");
    CHECK(highest(place_many(cluster, kManyPods, spec)) == kManyPods / kManyNodes);
    CHECK(cluster.placer.judged() == kManyNodes + kManyPods - 1);
    // One goes, and the only place for the next one is where it was.
    cluster.cache.remove_pod("p7");
    const std::string node = cluster.place(labelled_pod("again", "web", spec));
    CHECK(!node.empty());
    CHECK(cluster.placer.judged() == kManyNodes + kManyPods + 1);
  }
  SECTION("rather spread over zones and nodes") {
    const std::string spec = R"({"topologySpreadConstraints": [
        {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname", "maxSkew": 1,
         "whenUnsatisfiable": "ScheduleAnyway"},
        {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "zone", "maxSkew": 1,
         "whenUnsatisfiable": "ScheduleAnyway"}]})";
    const auto pods = place_many(cluster, kManyPods, spec);
    CHECK(highest(pods) == kManyPods / kManyNodes);
    CHECK(highest(by_zone(pods)) == kManyPods / kZones);
    CHECK(cluster.placer.judged() == kManyNodes + kManyPods - 1);
  }
  SECTION("apart from each other") {
    const auto pods = place_many(cluster, kManyNodes + 10, kApartByNode);
    CHECK(pods.size() == kManyNodes + 1);
    CHECK(pods.at("") == 10);
    CHECK(cluster.placer.judged() == kManyNodes + kManyNodes);
    CHECK(cluster.answer(labelled_pod("last", "web", kApartByNode)) ==
          "0/1000 nodes are available: 1000 node(s) didn't match pod anti-affinity rules");
  }
  SECTION("near to each other") {
    const std::string spec = R"({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}}}]}}})";
    CHECK(by_zone(place_many(cluster, 200, spec)).size() == 1);
    CHECK(cluster.placer.judged() == kManyNodes + 200 - 1);
  }
  SECTION("and those of others that do not, too") {
    place_many(cluster, 100, kApartByNode);
    const std::size_t judged = cluster.placer.judged();
    for (int i = 0; i < 100; ++i) {
      const std::string app = "app-" + std::to_string(i);
      CHECK(!cluster.place(labelled_pod(app, app)).empty());
    }
    CHECK(cluster.placer.judged() == judged + kManyNodes + 100 - 1);
  }
}

namespace {

// A cluster where anything happens, and pods of all kinds that look at others.
struct RandomCluster : TopologyCluster {
  std::minstd_rand random;
  std::vector<std::string> pods;
  std::set<std::string> nodes;
  int number = 0;

  explicit RandomCluster(unsigned seed) : random(seed) {}

  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[random() % all.size()];
  }
  bool chance(unsigned percent) { return random() % 100 < percent; }

  Json term() {
    Json term = {{"topologyKey", one_of<std::string>({"zone", kHostLabel})},
                 {"labelSelector", {{"matchLabels", {{"app", one_of<std::string>({"web", "db", "cache"})}}}}}};
    if (chance(20)) term["namespaceSelector"] = Json::object();
    return term;
  }
  Json pod() {
    Json pod = labelled_pod("p" + std::to_string(number++), one_of<std::string>({"web", "db", "cache"}));
    if (chance(10)) pod["metadata"]["namespace"] = "other";
    Json& spec = pod["spec"];
    for (const char* affinity : {"podAffinity", "podAntiAffinity"}) {
      if (chance(12)) spec["affinity"][affinity]["requiredDuringSchedulingIgnoredDuringExecution"] = {term()};
      if (chance(15)) {
        spec["affinity"][affinity]["preferredDuringSchedulingIgnoredDuringExecution"] = {
            {{"weight", 1 + random() % 100}, {"podAffinityTerm", term()}}};
      }
    }
    for (const char* key : {"zone", kHostLabel}) {
      if (!chance(25)) continue;
      Json constraint = term();
      constraint.erase("namespaceSelector");
      constraint["topologyKey"] = key;
      constraint["maxSkew"] = 1 + random() % 2;
      constraint["whenUnsatisfiable"] = one_of<std::string>({"DoNotSchedule", "ScheduleAnyway"});
      if (chance(20)) constraint["nodeTaintsPolicy"] = "Honor";
      if (chance(20) && constraint["whenUnsatisfiable"] == "DoNotSchedule") constraint["minDomains"] = 3;
      spec["topologySpreadConstraints"].push_back(constraint);
    }
    return pod;
  }
  void change_a_node() {
    const std::string name = "n" + std::to_string(random() % 12);
    if (chance(20)) {
      nodes.erase(name);
      return cache.remove_node(name);
    }
    Json node = node_in_zone(name, one_of<std::string>({"a", "b", "c", ""}));
    if (chance(10)) node["metadata"]["labels"][kHostLabel] = "twin";
    if (chance(10)) node["metadata"]["labels"].erase(kHostLabel);
    if (chance(15)) node["spec"]["taints"] = {{{"key", "k"}, {"effect", "NoSchedule"}}};
    nodes.insert(name);
    add_node(node);
  }
  void change_a_pod() {
    if (pods.empty()) return;
    const std::string uid = one_of(pods);
    if (chance(70)) {
      cache.remove_pod(uid);
      return static_cast<void>(pods.erase(std::find(pods.begin(), pods.end(), uid)));
    }
    Json changed = pod();
    changed["metadata"]["uid"] = uid;
    changed["spec"]["nodeName"] = "n" + std::to_string(random() % 12);
    if (chance(50)) changed["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z";
    cache.update_pod(*info_of(changed));
  }
};

}  // namespace

TEST_CASE("What was counted while things changed is what counting anew finds") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    RandomCluster cluster(seed);
    for (int i = 0; i < 12; ++i) cluster.change_a_node();
    std::vector<Json> kinds;
    for (int i = 0; i < 8; ++i) kinds.push_back(cluster.pod());
    for (int step = 0; step < 150; ++step) {
      if (cluster.chance(15)) cluster.change_a_node();
      if (cluster.chance(30)) cluster.change_a_pod();
      Json pod = cluster.one_of(kinds);
      pod["metadata"]["uid"] = "p" + std::to_string(cluster.number++);
      const PodInfoPtr info = info_of(pod);
      const Placement kept = cluster.placer.place(info, cluster.cache);
      Ranking anew(info, "");
      anew.refresh(cluster.cache);
      std::set<const NodeInfo*> best;
      for (int i = 0; i < 300; ++i) {
        best.insert(anew.choose(cluster.random, [](const NodeInfo&) { return true; }));
      }
      INFO("seed " << seed << ", step " << step << ": " << pod.dump());
      REQUIRE(best.count(kept.node) == 1);
      if (kept.node == nullptr) {
        Rejection rejection;
        rejection.nodes = cluster.cache.nodes().size();
        anew.explain(rejection);
        CHECK(kept.rejection.message(true) == rejection.message(true));
        CHECK(kept.rejection.events == rejection.events);
        continue;
      }
      cluster.cache.assume(*info, kept.node->name());
      cluster.pods.push_back(info->uid);
    }
  }
}
