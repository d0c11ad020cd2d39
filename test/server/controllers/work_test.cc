// How much controllers look at when one object changes: the objects that informers' caches give out are counted, not
// the time. Who scans a collection fails here, because each collection has hundreds of objects that have nothing to do
// with the change.
#include "server/controllers/deployment/deployment_controller.h"
#include "server/controllers/disruption/disruption_controller.h"
#include "server/controllers/node_ipam/node_ipam_controller.h"
#include "server/controllers/node_lifecycle/node_lifecycle_controller.h"
#include "server/controllers/replica_set/replica_set_controller.h"
#include "server/controllers/stateful_set/stateful_set_controller.h"
#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using test::Cluster;
using test::kWeb;

namespace {

constexpr int kMany = 300;

Json selecting(const std::string& app) { return {{"matchLabels", {{"app", app}}}}; }

Json workload(const std::string& name, int replicas) {
  return {{"metadata", {{"namespace", "default"}, {"name", name}, {"uid", name}}},
          {"spec",
           {{"replicas", replicas},
            {"selector", selecting(name)},
            {"template", {{"metadata", {{"labels", {{"app", name}}}}}, {"spec", {{"containers", Json::array()}}}}}}}};
}

Json lone_pod(const std::string& name, const std::string& app) {
  return {{"metadata", {{"namespace", "default"}, {"name", name}, {"labels", {{"app", app}}}}},
          {"spec", Json::object()}};
}

// What the caches of the informers gave out while `change` was made and all controllers came to rest.
std::size_t visits(Cluster& cluster, const std::vector<api::ResourceType>& types, const std::function<void()>& change) {
  const auto sum = [&] {
    std::size_t visited = 0;
    for (const api::ResourceType& type : types) visited += cluster.informers.informer(type).cache().visited();
    return visited;
  };
  cluster.settle();
  const std::size_t before = sum();
  change();
  cluster.settle();
  return sum() - before;
}

}  // namespace

TEST_CASE("One of many replicas changes: no other is looked at") {
  Cluster cluster;
  ReplicaSetController controller(cluster.context(), kReplicaSetKind);
  cluster.start(controller);
  for (int i = 0; i < kMany; ++i) {
    cluster.client.put(api::kReplicaSets, workload("other-" + std::to_string(i), 0));
    cluster.client.put(api::kPods, lone_pod("lone-" + std::to_string(i), "lone"));
  }
  cluster.client.put(api::kReplicaSets, workload("web", kMany));
  const auto status = [&](const char* member) {
    return integer_at(*cluster.client.peek(api::kReplicaSets, kWeb), {"status", member});
  };
  cluster.until([&] { return status("replicas") == kMany; });
  const std::vector<api::ResourceType> types = {api::kPods, api::kReplicaSets};
  const api::ObjectPtr pod = cluster.client.peek_all(api::kPods).back();  // web-...

  CHECK(visits(cluster, types, [&] { cluster.set_ready(api::key_of(*pod), true); }) == 0);
  CHECK(status("readyReplicas") == 1);
  CHECK(visits(cluster, types, [&] { cluster.client.erase(api::kPods, api::key_of(*pod)); }) == 0);
  CHECK(status("replicas") == kMany);
  CHECK(visits(cluster, types, [&] { cluster.client.put(api::kPods, lone_pod("new", "lone")); }) == 0);
  // An orphan is offered to those who ask for a label that it has.
  CHECK(visits(cluster, types, [&] { cluster.client.put(api::kPods, lone_pod("found", "other-7")); }) <= 8);
  CHECK(cluster.client.peek(api::kPods, {"default", "found"}) == nullptr);
  cluster.stop(controller);
}

TEST_CASE("A pod without a controller is shown only to those who may want it") {
  Cluster cluster;
  StatefulSetController stateful_sets(cluster.context());
  DisruptionController disruption(cluster.context());
  DeploymentController deployments(cluster.context());
  cluster.start(stateful_sets, disruption, deployments);
  for (int i = 0; i < kMany; ++i) {
    const std::string name = "other-" + std::to_string(i);
    cluster.client.put(api::kStatefulSets, workload(name, 0));
    cluster.client.put(api::kDeployments, workload(name, 0));
    cluster.client.put(api::kPods, lone_pod("lone-" + std::to_string(i), "lone"));
    cluster.client.put(api::kPodDisruptionBudgets, {{"metadata", {{"namespace", "default"}, {"name", name}}},
                                                    {"spec", {{"selector", selecting(name)}, {"minAvailable", 1}}}});
  }
  const std::vector<api::ResourceType> types = {api::kPods, api::kStatefulSets, api::kPodDisruptionBudgets,
                                                api::kDeployments, api::kReplicaSets};
  CHECK(visits(cluster, types, [&] { cluster.client.put(api::kPods, lone_pod("new", "lone")); }) == 0);
  CHECK(visits(cluster, types, [&] { cluster.client.put(api::kPods, lone_pod("found", "other-7")); }) <= 4);
  cluster.stop(stateful_sets, disruption, deployments);
}

TEST_CASE("One of many nodes comes or falls silent: no other is looked at") {
  Cluster cluster;
  NodeLifecycleController lifecycle(cluster.context(), NodeLifecycleOptions());
  NodeIpamOptions wide;
  wide.cluster_cidr = "10.0.0.0/8";
  NodeIpamController ipam(cluster.context(), wide);
  cluster.start(lifecycle, ipam);
  const auto add_node = [&](const std::string& name, const char* ready) {
    Json node = {{"metadata", {{"name", name}}}, {"spec", Json::object()}};
    api::set_condition(node, api::Condition{"Ready", ready, "", ""}, cluster.clock.now());
    cluster.client.put(api::kNodes, node);
  };
  for (int i = 0; i < kMany; ++i) add_node("n" + std::to_string(i), i == 0 ? "True" : "False");
  const std::vector<api::ResourceType> types = {api::kNodes, api::kPods};
  CHECK(visits(cluster, types, [&] { add_node("late", "True"); }) == 0);
  CHECK(visits(cluster, types, [&] {
          cluster.client.modify(api::kNodes, {"", "late"}, [&](Json& node) {
            api::set_condition(node, api::Condition{"Ready", "False", "", ""}, cluster.clock.now());
          });
        }) == 0);
  // The last one that is ready is everybody's business.
  CHECK(visits(cluster, types, [&] {
          cluster.client.modify(api::kNodes, {"", "n0"}, [&](Json& node) {
            api::set_condition(node, api::Condition{"Ready", "False", "", ""}, cluster.clock.now());
          });
        }) >= kMany);
  cluster.stop(lifecycle, ipam);
}
