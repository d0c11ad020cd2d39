// All plugins, in the order in which they are asked: cheap and decisive ones first.
#include "scheduler/framework.h"
#include "scheduler/plugins/inter_pod_affinity/inter_pod_affinity.h"
#include "scheduler/plugins/least_allocated/least_allocated.h"
#include "scheduler/plugins/node_name/node_name.h"
#include "scheduler/plugins/node_ports/node_ports.h"
#include "scheduler/plugins/node_selector/node_selector.h"
#include "scheduler/plugins/pod_topology_spread/pod_topology_spread.h"
#include "scheduler/plugins/resources_fit/resources_fit.h"
#include "scheduler/plugins/taints/taints.h"
#include "scheduler/plugins/unschedulable/unschedulable.h"
#include "scheduler/topology_plugin.h"

#include <algorithm>

namespace skiff::scheduler {

namespace {

bool every_pod(const PodInfo&) { return true; }

}  // namespace

const std::vector<FilterPlugin>& filter_plugins() {
  static const std::vector<FilterPlugin> plugins = {
      {"NodeUnschedulable", every_pod, fits_unschedulable, kNodeAdded | kNodeTaintsChanged},
      {"NodeName", names_a_node, fits_node_name, kNodeAdded},
      {"TaintToleration", every_pod, fits_taints, kNodeAdded | kNodeTaintsChanged},
      {"NodeAffinity", requires_certain_nodes, fits_node_selector, kNodeAdded | kNodeLabelsChanged},
      {"NodePorts", wants_host_ports, fits_node_ports, kNodeAdded | kPodGone},
      {"NodeResourcesFit", every_pod, fits_resources, kNodeAdded | kNodeAllocatableChanged | kPodGone},
  };
  return plugins;
}

const std::vector<ScorePlugin>& score_plugins() {
  static const std::vector<ScorePlugin> plugins = {
      {"TaintToleration", 3, every_pod, score_taints, ScorePlugin::Scale::kLeast},
      {"NodeAffinity", 2, prefers_certain_nodes, score_node_preference, ScorePlugin::Scale::kBest},
      {"NodeResourcesFit", 1, every_pod, score_least_allocated, ScorePlugin::Scale::kAsIs},
  };
  return plugins;
}

const std::vector<TopologyPluginMaker>& topology_plugins() {
  static const std::vector<TopologyPluginMaker> plugins = {
      {[](const PodInfo& pod, const Cache&) { return PodTopologySpread::concerns(pod); },
       [](const PodInfo& pod, const Cache&) -> std::unique_ptr<TopologyPlugin> {
         return std::make_unique<PodTopologySpread>(pod);
       }},
      {InterPodAffinity::concerns,
       [](const PodInfo& pod, const Cache& cache) -> std::unique_ptr<TopologyPlugin> {
         return std::make_unique<InterPodAffinity>(pod, cache);
       }},
  };
  return plugins;
}

bool looks_at_topology(const PodInfo& pod, const Cache& cache) {
  const auto& plugins = topology_plugins();
  return std::any_of(plugins.begin(), plugins.end(), [&](const auto& each) { return each.concerns(pod, cache); });
}

}  // namespace skiff::scheduler
