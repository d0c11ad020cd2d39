#pragma once

#include "scheduler/domain_counts.h"
#include "scheduler/framework.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace skiff::scheduler {

class Cache;

// Pods that a plugin asks to be counted, by the value of a label of their nodes.
struct PodCount {
  std::string topology_key;
  // What each pod of these traits adds.
  std::function<std::int64_t(const PodTraits& traits)> weigh;
  bool with_terminating = true;
  // Whether pods on that node count at all; absent: on every node.
  std::function<bool(const NodeInfo& node)> counts_on{};
};

// Where a node stands with regard to one PodCount.
struct Standing {
  bool labelled = false;     // false: the node has no such label, so that there is no count
  std::int64_t count = 0;    // of the pods in its domain
  std::uint64_t domain = 0;  // which one; 0 where domains are single nodes, as a rule
};

// Nodes that stand alike, so that a plugin says the same of all of them.
struct NodeGroup {
  std::vector<Standing> standings;  // one for each of the plugin's counts
  std::size_t nodes = 0;
};

// A plugin whose answer depends on the pods of other nodes, too. It is made for one kind of pods, says which pods are
// to be counted in which domains, and judges groups of nodes by these counts. So a pod that was placed somewhere costs
// its own node and a look at each group; there are about as many groups as zones.
class TopologyPlugin {
 public:
  virtual ~TopologyPlugin() = default;

  [[nodiscard]] virtual const std::vector<PodCount>& counts() const = 0;
  // Pods came up that it does not know how to count, or namespaces have changed that it looked at: it has to be made
  // anew.
  [[nodiscard]] virtual bool is_outdated(const Cache&) { return false; }
  // What may change a "no" into a "yes".
  [[nodiscard]] virtual ClusterEvents events() const = 0;
  [[nodiscard]] virtual std::int64_t weight() const = 0;

  // `domains`: those of its counts.
  [[nodiscard]] virtual Verdict filter(const NodeGroup& group, std::span<const DomainCounts> domains) const = 0;
  // 0..kMaxScore for each group of those that fit.
  [[nodiscard]] virtual std::vector<std::int64_t> score(const std::vector<NodeGroup>& groups) const = 0;
};

// How a TopologyPlugin comes about.
struct TopologyPluginMaker {
  // False: it has nothing to say about this pod, on no node.
  bool (*concerns)(const PodInfo& pod, const Cache& cache);
  // `cache` outlives the plugin.
  std::unique_ptr<TopologyPlugin> (*make)(const PodInfo& pod, const Cache& cache);
};

// In the order in which they are asked, after all filter plugins.
[[nodiscard]] const std::vector<TopologyPluginMaker>& topology_plugins();

// Whether it matters to the pod where other pods are.
[[nodiscard]] bool looks_at_topology(const PodInfo& pod, const Cache& cache);

}  // namespace skiff::scheduler
