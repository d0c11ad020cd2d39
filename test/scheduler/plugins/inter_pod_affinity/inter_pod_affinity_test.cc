#include "scheduler/plugins/inter_pod_affinity/inter_pod_affinity.h"

#include "test/scheduler/topology_objects.h"

#include <catch2/catch.hpp>

#include <set>
#include <vector>

using namespace skiff;
using namespace skiff::scheduler;
using namespace skiff::test;

namespace {

// spec with one term of podAffinity or podAntiAffinity on pods of that app.
std::string requiring(const std::string& affinity, const std::string& app, const std::string& key = "zone") {
  return R"({"affinity": {")" + affinity + R"(": {"requiredDuringSchedulingIgnoredDuringExecution": [
      {"topologyKey": ")" +
         key + R"(", "labelSelector": {"matchLabels": {"app": ")" + app + R"("}}}]}}})";
}

std::string preferring(const std::string& affinity, const std::string& app, const std::string& key = "zone") {
  return R"({"affinity": {")" + affinity + R"(": {"preferredDuringSchedulingIgnoredDuringExecution": [
      {"weight": 50, "podAffinityTerm":
        {"topologyKey": ")" +
         key + R"(", "labelSelector": {"matchLabels": {"app": ")" + app + R"("}}}}]}}})";
}

constexpr const char* kByNode = "kubernetes.io/hostname";

// Zones a (2 nodes) and b (1 node).
struct SmallCluster : TopologyCluster {
  SmallCluster() {
    add_node(node_in_zone("a1", "a"));
    add_node(node_in_zone("a2", "a"));
    add_node(node_in_zone("b1", "b"));
  }
  // All nodes that the pod may go to.
  std::set<std::string> answers(const Json& pod) {
    std::set<std::string> all;
    for (int i = 0; i < 40; ++i) all.insert(answer(pod));
    return all;
  }
};

using NodeNames = std::set<std::string>;

}  // namespace

TEST_CASE("InterPodAffinity") {
  struct Row {
    const char* name;
    std::string running_app;
    std::string running_spec;  // of the pod on a1
    std::string app;
    std::string spec;
    NodeNames answers;
  };
  const std::string no_affinity = "0/3 nodes are available: 3 node(s) didn't match pod affinity rules";
  const Row rows[] = {
      {"near to a pod, in its zone", "db", "{}", "web", requiring("podAffinity", "db"), {"a2"}},
      {"near to a pod, on its node", "db", "{}", "web", requiring("podAffinity", "db", kByNode), {"a1"}},
      {"near to a pod that is not there", "cache", "{}", "web", requiring("podAffinity", "db"), {no_affinity}},
      {"near to its like, as the first of them", "cache", "{}", "db", requiring("podAffinity", "db"), {"a2", "b1"}},
      {"near to its like, which is there", "db", "{}", "db", requiring("podAffinity", "db"), {"a2"}},
      {"away from a pod and its zone", "db", "{}", "web", requiring("podAntiAffinity", "db"), {"b1"}},
      {"away from a pod and its node", "db", "{}", "web", requiring("podAntiAffinity", "db", kByNode), {"a2", "b1"}},
      {"away from a pod that wants to be alone", "db", requiring("podAntiAffinity", "web"), "web", "{}", {"b1"}},
      {"not kept away by one that minds others", "db", requiring("podAntiAffinity", "x"), "web", "{}", {"a2", "b1"}},
      {"rather near to a pod", "db", "{}", "web", preferring("podAffinity", "db"), {"a2"}},
      {"rather near to a pod, on its node", "db", "{}", "web", preferring("podAffinity", "db", kByNode), {"a1"}},
      {"rather away from a pod", "db", "{}", "web", preferring("podAntiAffinity", "db"), {"b1"}},
      {"where a pod wants it near", "db", preferring("podAffinity", "web"), "web", "{}", {"a2"}},
      {"where a pod does not want it", "db", preferring("podAntiAffinity", "web"), "web", "{}", {"b1"}},
      {"where a pod had to have its like near", "db", requiring("podAffinity", "web"), "web", "{}", {"a2"}},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      SmallCluster cluster;
      Json running = labelled_pod("running", row.running_app, row.running_spec);
      // So much that an emptier node is preferred unless there is something to say.
      running["spec"]["containers"] = Json::parse(requesting(R"({"cpu": "8"})"))["containers"];
      cluster.run(running, "a1");
      CHECK(cluster.answers(labelled_pod("new", row.app, row.spec)) == row.answers);
    }
  }
}

TEST_CASE("InterPodAffinity words its reasons as upstream does") {
  SmallCluster cluster;
  for (const char* node : {"a1", "a2", "b1"}) cluster.run(labelled_pod(std::string("db-on-") + node, "db"), node);
  const auto rejection = [&](const Json& pod) {
    const Placement placement = cluster.placer.place(info_of(pod), cluster.cache);
    REQUIRE(placement.node == nullptr);
    return placement.rejection.message(true);
  };
  CHECK(rejection(labelled_pod("new", "web", requiring("podAntiAffinity", "db", kByNode))) ==
        "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules. preemption: 0/3 nodes are available: "
        "3 No preemption victims found for incoming pod.");
  CHECK(rejection(labelled_pod("new", "web", requiring("podAffinity", "cache"))) ==
        "0/3 nodes are available: 3 node(s) didn't match pod affinity rules. preemption: 0/3 nodes are available: 3 "
        "Preemption is not helpful for scheduling.");
  for (const char* node : {"a1", "b1"}) {
    cluster.run(labelled_pod(std::string("alone-on-") + node, "x", requiring("podAntiAffinity", "web")), node);
  }
  CHECK(
      rejection(labelled_pod("new", "web")) ==
      "0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules. preemption: 0/3 nodes are "
      "available: 3 No preemption victims found for incoming pod.");
}

TEST_CASE("InterPodAffinity needs one pod that matches all terms, and all labels") {
  SmallCluster cluster;
  Json pod = labelled_pod("new", "web", requiring("podAffinity", "db"));
  Json& terms = pod["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
  terms.push_back({{"topologyKey", kByNode}, {"labelSelector", {{"matchLabels", {{"tier", "back"}}}}}});
  cluster.run(labelled_pod("db", "db"), "a1");
  Json back = labelled_pod("back", "x");
  back["metadata"]["labels"]["tier"] = "back";
  cluster.run(back, "a1");
  CHECK(cluster.answer(pod) == "0/3 nodes are available: 3 node(s) didn't match pod affinity rules");
  Json both = labelled_pod("both", "db");
  both["metadata"]["labels"]["tier"] = "back";
  cluster.run(both, "a1");
  CHECK(cluster.answer(pod) == "a1");

  cluster.add_node(node_in_zone("x1", ""));
  CHECK(cluster.answers(labelled_pod("new", "cache", requiring("podAffinity", "cache"))) ==
        NodeNames{"a1", "a2", "b1"});
}

TEST_CASE("InterPodAffinity sees pods come, go and change") {
  SmallCluster cluster;
  const Json web = labelled_pod("new", "web", requiring("podAntiAffinity", "db"));
  const Json plain = labelled_pod("plain", "web");
  CHECK(cluster.answers(web) == NodeNames{"a1", "a2", "b1"});
  cluster.run(labelled_pod("db", "db"), "a1");
  CHECK(cluster.answers(web) == NodeNames{"b1"});
  CHECK(cluster.answers(plain) == NodeNames{"a1", "a2", "b1"});
  // A term that nobody had before, with a key that nobody had before.
  cluster.run(labelled_pod("alone", "x", requiring("podAntiAffinity", "web", kByNode)), "b1");
  CHECK(cluster.answer(web) ==
        "0/3 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules, 2 node(s) didn't match "
        "pod anti-affinity rules");
  CHECK(cluster.answers(plain) == NodeNames{"a1", "a2"});
  Json relabelled = labelled_pod("db", "cache");
  relabelled["spec"]["nodeName"] = "a1";
  cluster.cache.update_pod(*info_of(relabelled));
  CHECK(cluster.answers(web) == NodeNames{"a1", "a2"});
  cluster.cache.remove_pod("alone");
  CHECK(cluster.answers(web) == NodeNames{"a1", "a2", "b1"});
}

TEST_CASE("InterPodAffinity sees namespaces change") {
  SmallCluster cluster;
  Json db = labelled_pod("db", "db");
  db["metadata"]["namespace"] = "other";
  cluster.run(db, "a1");
  Json web = labelled_pod("new", "web", requiring("podAntiAffinity", "db"));
  web["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]["namespaceSelector"] =
      {{"matchLabels", {{"team", "b"}}}};
  CHECK(cluster.answers(web) == NodeNames{"a1", "a2", "b1"});
  cluster.cache.namespaces().set("other", {{"team", "b"}});
  CHECK(cluster.answers(web) == NodeNames{"b1"});
  cluster.cache.namespaces().remove("other");
  CHECK(cluster.answers(web) == NodeNames{"a1", "a2", "b1"});
}

TEST_CASE("InterPodAffinity counts two nodes of one host name as one") {
  SmallCluster cluster;
  Json twin = node_in_zone("a2", "a");
  twin["metadata"]["labels"][kByNode] = "a1";
  cluster.add_node(twin);
  const Json web = labelled_pod("new", "web", requiring("podAntiAffinity", "db", kByNode));
  CHECK(cluster.answers(web) == NodeNames{"a1", "a2", "b1"});
  cluster.run(labelled_pod("db", "db"), "a1");
  CHECK(cluster.answers(web) == NodeNames{"b1"});
  cluster.cache.remove_pod("db");
  CHECK(cluster.answers(web) == NodeNames{"a1", "a2", "b1"});
  cluster.run(labelled_pod("db", "db"), "a2");
  cluster.cache.remove_node("a2");
  CHECK(cluster.answers(web) == NodeNames{"a1", "b1"});
}

TEST_CASE("A pod of a DaemonSet minds others, too") {
  SmallCluster cluster;
  cluster.run(labelled_pod("alone", "x", requiring("podAntiAffinity", "web", kByNode)), "a1");
  const auto bound_to = [](const std::string& node) {
    return labelled_pod("new", "web",
                        R"({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
        {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [")" +
                            node + R"("]}]}]}}}})");
  };
  CHECK(cluster.answer(bound_to("a2")) == "a2");
  CHECK(cluster.answer(bound_to("a1")) ==
        "0/3 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules, 2 node(s) didn't match "
        "Pod's node affinity/selector");
}
