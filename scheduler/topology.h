#pragma once

#include "scheduler/cache.h"
#include "scheduler/topology_plugin.h"

#include <compare>
#include <limits>
#include <memory>
#include <unordered_map>
#include <vector>

namespace skiff::scheduler {

// What the topology plugins know for one kind of pods: the pods that they count, kept while nodes change, and with it
// which nodes stand alike. A part of Ranking, which tells it about nodes.
class Topology {
 public:
  static constexpr std::int64_t kNoLabel = std::numeric_limits<std::int64_t>::min();

  // Of a node with regard to one count: the domain where domains have many nodes, so that nothing moves when its count
  // changes; where they are single nodes the count, so that most nodes stand alike.
  struct Position {
    std::uint64_t id = 0;  // of the domain
    std::int64_t count = kNoLabel;
    const DomainCounts::Domain* domain = nullptr;

    friend auto operator<=>(const Position&, const Position&) = default;
  };
  // Nodes of the same key are a group.
  using Key = std::vector<Position>;

  struct Group {
    const Key* key = nullptr;
    std::size_t nodes = 0;
    // What judge() found out:
    Verdict verdict{};
    ClusterEvents events = 0;  // of the plugin that said no
    std::int64_t score = 0;    // of all plugins together, if it fits
  };

  // Nothing to look at.
  Topology() = default;
  // `cache` outlives it.
  Topology(const PodInfo& pod, const Cache& cache);

  [[nodiscard]] bool empty() const { return plugins_.empty(); }
  // It no longer counts all that has to be counted.
  [[nodiscard]] bool is_outdated(const Cache& cache);

  // The node is new, or something about it has changed. Appends other nodes whose keys have changed with it.
  void set(const NodeInfo& node, std::vector<const NodeInfo*>& others);
  void erase(const NodeInfo* node, std::vector<const NodeInfo*>& others);

  [[nodiscard]] Key key_of(const NodeInfo* node) const;
  void judge(std::vector<Group>& groups) const;

 private:
  // Traits whose weights are remembered; the pods of StatefulSets and Jobs have traits of their own.
  static constexpr std::size_t kMaxWeights = 4096;

  struct Plugin {
    std::unique_ptr<TopologyPlugin> plugin;
    std::size_t first = 0;  // of its counts among all
    std::size_t counts = 0;
  };

  const std::vector<std::int64_t>& weights_of(const PodTraitsPtr& traits);
  void add_scores(const Plugin& plugin, std::vector<Group>& groups) const;
  [[nodiscard]] NodeGroup standings_of(const Plugin& plugin, const Group& group) const;
  void add_neighbours(const NodeInfo* node, const DomainCounts& domains, std::vector<const NodeInfo*>& others) const;

  std::vector<Plugin> plugins_;
  std::vector<const PodCount*> counts_;  // of all plugins
  std::vector<DomainCounts> domains_;    // for each count
  std::unordered_map<PodTraitsPtr, std::vector<std::int64_t>> weights_;
};

}  // namespace skiff::scheduler
