#include "server/controllers/node_lifecycle/node_lifecycle_controller.h"

#include "api/views/taints.h"
#include "server/controllers/node_ipam/node_ipam_controller.h"
#include "server/controllers/taint_eviction/taint_eviction_controller.h"
#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

#include <memory>
#include <set>

using namespace skiff;
using namespace skiff::controllers;
using namespace std::chrono_literals;

namespace {

// Nodes that must send heartbeats, "local", which need not, and the pods on them.
struct NodeLifecycleCluster : test::Cluster {
  std::unique_ptr<NodeLifecycleController> lifecycle;
  std::unique_ptr<TaintEvictionController> eviction;

  void begin() {
    NodeLifecycleOptions options;
    options.is_local = [](const std::string& name) { return name == "local"; };
    lifecycle = std::make_unique<NodeLifecycleController>(context(), options);
    eviction = std::make_unique<TaintEvictionController>(context());
    start(*lifecycle, *eviction);
    settle();
  }
  ~NodeLifecycleCluster() {
    if (lifecycle) stop(*lifecycle, *eviction);
  }

  void add_node(const std::string& name) {
    Json node = {{"metadata", {{"name", name}}}, {"spec", Json::object()}};
    api::set_condition(node, api::Condition{"Ready", "True", "KubeletReady", "m"}, clock.now(), "lastHeartbeatTime");
    client.put(api::kNodes, node);
  }
  void add_pod(const std::string& name, const std::string& node, std::optional<int> toleration_seconds) {
    Json pod = {{"metadata", {{"name", name}, {"namespace", "default"}}}, {"spec", {{"nodeName", node}}}};
    if (toleration_seconds) {
      pod["spec"]["tolerations"] = Json::array({{{"key", "node.kubernetes.io/unreachable"},
                                                 {"operator", "Exists"},
                                                 {"effect", "NoExecute"},
                                                 {"tolerationSeconds", *toleration_seconds}}});
    } else {
      pod["spec"]["tolerations"] = Json::array({{{"operator", "Exists"}}});
    }
    client.put(api::kPods, pod);
    set_ready({"default", name}, true);
  }
  void renew_lease(const std::string& node) {
    const Json lease = {{"metadata", {{"name", node}, {"namespace", "kube-node-lease"}}},
                        {"spec", {{"renewTime", format_micro_time(clock.now())}}}};
    if (client.peek(api::kLeases, {"kube-node-lease", node})) {
      client.modify(api::kLeases, {"kube-node-lease", node}, [&](Json& object) { object["spec"] = lease["spec"]; });
    } else {
      client.put(api::kLeases, lease);
    }
    settle();
  }
  // Time passes, and the controllers look, as their timers would make them.
  void pass(std::chrono::seconds time) {
    clock.advance(time);
    for (const auto& node : client.peek_all(api::kNodes)) {
      client.modify(api::kNodes, api::key_of(*node),
                    [this](Json& object) { object["spec"]["seen"] = format_micro_time(clock.now()); });
    }
    for (const auto& pod : pods()) {
      client.modify(api::kPods, api::key_of(*pod),
                    [this](Json& object) { object["spec"]["seen"] = format_micro_time(clock.now()); });
    }
    settle();
  }
  std::string ready(const std::string& node) {
    return api::condition_status(*client.peek(api::kNodes, {"", node}), "Ready");
  }
  std::set<std::string> effects(const std::string& node) {
    std::set<std::string> effects;
    for (const api::Taint& taint : api::taints_of(*client.peek(api::kNodes, {"", node}))) effects.insert(taint.effect);
    return effects;
  }
  api::ObjectPtr pod(const std::string& name) { return client.peek(api::kPods, {"default", name}); }
};

}  // namespace

TEST_CASE("a node that falls silent is lost, and what is on it goes when its time has come") {
  NodeLifecycleCluster cluster;
  cluster.add_node("lost");
  cluster.add_node("alive");
  cluster.add_node("local");
  cluster.add_pod("moves", "lost", 30);
  cluster.add_pod("stays", "lost", std::nullopt);
  cluster.begin();
  cluster.renew_lease("lost");

  cluster.pass(39s);
  cluster.renew_lease("alive");
  CHECK(cluster.ready("lost") == "True");
  cluster.pass(2s);
  cluster.renew_lease("alive");
  CHECK(cluster.ready("lost") == "Unknown");
  CHECK(cluster.ready("alive") == "True");
  CHECK(cluster.ready("local") == "True");
  CHECK(cluster.effects("lost") == std::set<std::string>{"NoExecute", "NoSchedule"});
  CHECK(cluster.effects("alive").empty());
  CHECK(cluster.events("NodeNotReady") ==
        std::vector<std::string>{"Node lost status is now: NodeNotReady", "Node is not ready", "Node is not ready"});
  CHECK(api::condition_status(*cluster.pod("moves"), "Ready") == "False");

  SECTION("and stays away") {
    cluster.pass(29s);
    cluster.renew_lease("alive");
    CHECK(cluster.pod("moves"));
    cluster.pass(2s);
    CHECK_FALSE(cluster.pod("moves"));
    CHECK(cluster.events("TaintManagerEviction") == std::vector<std::string>{"Marking for deletion Pod default/moves"});
    cluster.pass(1000s);
    CHECK(cluster.pod("stays"));
  }
  SECTION("and comes back in time") {
    cluster.client.modify(api::kNodes, {"", "lost"}, [&](Json& node) {
      api::set_condition(node, api::Condition{"Ready", "True", "KubeletReady", "m"}, cluster.clock.now(),
                         "lastHeartbeatTime");
    });
    cluster.settle();
    CHECK(cluster.ready("lost") == "True");
    CHECK(cluster.effects("lost").empty());
    CHECK(cluster.events("TaintManagerEviction") ==
          std::vector<std::string>{"Cancelling deletion of Pod default/moves"});
    cluster.renew_lease("lost");
    cluster.pass(35s);
    CHECK(cluster.pod("moves"));
  }
}

TEST_CASE("while no node is ready nobody is driven away") {
  NodeLifecycleCluster cluster;
  cluster.add_node("a");
  cluster.add_node("b");
  cluster.add_pod("p", "a", 0);
  cluster.begin();
  cluster.pass(41s);
  CHECK(cluster.ready("a") == "Unknown");
  CHECK(cluster.ready("b") == "Unknown");
  CHECK(cluster.pod("p"));

  cluster.client.modify(api::kNodes, {"", "b"}, [&](Json& node) {
    api::set_condition(node, api::Condition{"Ready", "True", "KubeletReady", "m"}, cluster.clock.now(),
                       "lastHeartbeatTime");
  });
  cluster.settle();
  CHECK_FALSE(cluster.pod("p"));
}

TEST_CASE("a node of which nothing was ever heard") {
  NodeLifecycleCluster cluster;
  cluster.client.put(api::kNodes, {{"metadata", {{"name", "ghost"}}}, {"spec", Json::object()}});
  cluster.begin();
  cluster.pass(59s);
  CHECK(cluster.ready("ghost").empty());
  cluster.pass(2s);
  CHECK(cluster.ready("ghost") == "Unknown");
}

TEST_CASE("every node gets addresses of its own for its pods") {
  test::Cluster cluster;
  NodeIpamOptions options;
  options.is_local = [](const std::string& name) { return name == "local"; };
  NodeIpamController controller(cluster.context(), options);
  cluster.client.put(api::kNodes, {{"metadata", {{"name", "has"}}}, {"spec", {{"podCIDR", "10.244.0.0/24"}}}});
  cluster.client.put(api::kNodes, {{"metadata", {{"name", "local"}}}, {"spec", Json::object()}});
  for (const char* name : {"a", "b"}) {
    cluster.client.put(api::kNodes, {{"metadata", {{"name", name}}}, {"spec", Json::object()}});
  }
  cluster.start(controller);
  cluster.settle();
  std::set<std::string> cidrs;
  for (const char* name : {"has", "a", "b"}) {
    cidrs.insert(string_at(*cluster.client.peek(api::kNodes, {"", name}), {"spec", "podCIDR"}));
  }
  CHECK(cidrs == std::set<std::string>{"10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"});
  CHECK(string_at(*cluster.client.peek(api::kNodes, {"", "local"}), {"spec", "podCIDR"}).empty());
  cluster.stop(controller);
}
