#pragma once

#include "scheduler/cache.h"
#include "scheduler/placement.h"
#include "test/scheduler/objects.h"

#include <memory>
#include <string>
#include <utility>

// Pods with labels and nodes in zones, for tests of what looks at both.
namespace skiff::test {

// The node has its name as kubernetes.io/hostname; no zone when that is empty.
inline Json node_in_zone(const std::string& name, const std::string& zone, const std::string& spec = "{}") {
  Json node = node_object(name, spec, R"({"cpu": "64", "memory": "64Gi", "pods": "110"})");
  Json& labels = node["metadata"]["labels"];
  labels = {{"kubernetes.io/hostname", name}};
  if (!zone.empty()) labels["zone"] = zone;
  return node;
}

inline Json labelled_pod(const std::string& name, const std::string& app, const std::string& spec = "{}") {
  Json pod = pod_object(name, spec);
  pod["metadata"]["labels"] = {{"app", app}};
  return pod;
}

inline scheduler::PodInfoPtr info_of(Json pod) {
  return std::make_shared<scheduler::PodInfo>(std::make_shared<const Json>(std::move(pod)));
}

// A cluster whose pods are put where a test, or the Placer, wants them.
struct TopologyCluster {
  scheduler::Cache cache;
  scheduler::Placer placer{1};

  void add_node(const Json& node) { cache.set_node(std::make_shared<const Json>(node)); }
  // As if somebody had bound it.
  void run(Json pod, const std::string& node) {
    pod["spec"]["nodeName"] = node;
    cache.add_pod(*info_of(std::move(pod)));
  }
  // Where the pod goes, and counts from now on; empty: nowhere.
  std::string place(const Json& pod) {
    const scheduler::PodInfoPtr info = info_of(pod);
    const scheduler::Placement placement = placer.place(info, cache);
    if (placement.node == nullptr) return "";
    cache.assume(*info, placement.node->name());
    return placement.node->name();
  }
  // Where it would go now; or why it goes nowhere, without what is said about preemption.
  std::string answer(const Json& pod) {
    const scheduler::Placement placement = placer.place(info_of(pod), cache);
    if (placement.node != nullptr) return placement.node->name();
    const std::string message = placement.rejection.message(true);
    return message.substr(0, message.find(". preemption"));
  }
};

// A spec with one constraint on pods of the app "web".
inline std::string spread(const std::string& members) {
  return R"({"topologySpreadConstraints": [{"labelSelector": {"matchLabels": {"app": "web"}}, )" + members + "}]}";
}

}  // namespace skiff::test
