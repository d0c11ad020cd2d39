#include "scheduler/topology.h"

#include <algorithm>

namespace skiff::scheduler {

namespace {

// The label whose values are single nodes. With others it may be so, too: then groups are as small as nodes.
constexpr const char* kHostName = "kubernetes.io/hostname";

}  // namespace

Topology::Topology(const PodInfo& pod, const Cache& cache) {
  for (const TopologyPluginMaker& maker : topology_plugins()) {
    if (!maker.concerns(pod, cache)) continue;
    auto plugin = maker.make(pod, cache);
    const std::vector<PodCount>& counts = plugin->counts();
    plugins_.push_back(Plugin{std::move(plugin), counts_.size(), counts.size()});
    for (const PodCount& count : counts) {
      counts_.push_back(&count);
      domains_.emplace_back(count.topology_key == kHostName);
    }
  }
}

bool Topology::is_outdated(const Cache& cache) {
  return std::any_of(plugins_.begin(), plugins_.end(),
                     [&cache](Plugin& each) { return each.plugin->is_outdated(cache); });
}

void Topology::set(const NodeInfo& node, std::vector<const NodeInfo*>& others) {
  std::vector<std::int64_t> amounts(counts_.size());
  for (const NodeInfo::Residents& residents : node.residents()) {
    const std::vector<std::int64_t>& weights = weights_of(residents.traits);
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      const auto pods = residents.pods - (counts_[i]->with_terminating ? 0 : residents.terminating);
      amounts[i] += weights[i] * static_cast<std::int64_t>(pods);
    }
  }
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    add_neighbours(&node, domains_[i], others);
    const bool counts = !counts_[i]->counts_on || counts_[i]->counts_on(node);
    domains_[i].set(&node, node.label(counts_[i]->topology_key), counts, amounts[i]);
    add_neighbours(&node, domains_[i], others);
  }
}

void Topology::erase(const NodeInfo* node, std::vector<const NodeInfo*>& others) {
  for (DomainCounts& domains : domains_) {
    add_neighbours(node, domains, others);
    domains.erase(node);
  }
}

Topology::Key Topology::key_of(const NodeInfo* node) const {
  Key key;
  key.reserve(domains_.size());
  for (const DomainCounts& domains : domains_) {
    const DomainCounts::Domain* domain = domains.domain_of(node);
    if (domain == nullptr) {
      key.push_back(Position{});
    } else {
      key.push_back(domains.narrow() ? Position{0, domain->count} : Position{domain->id, 0, domain});
    }
  }
  return key;
}

void Topology::judge(std::vector<Group>& groups) const {
  for (const Plugin& each : plugins_) {
    const std::span<const DomainCounts> domains = std::span(domains_).subspan(each.first, each.counts);
    for (Group& group : groups) {
      if (!group.verdict.fits()) continue;
      group.verdict = each.plugin->filter(standings_of(each, group), domains);
      if (!group.verdict.fits()) group.events = each.plugin->events();
    }
  }
  for (const Plugin& each : plugins_) add_scores(each, groups);
}

void Topology::add_scores(const Plugin& plugin, std::vector<Group>& groups) const {
  std::vector<Group*> fitting;
  std::vector<NodeGroup> candidates;
  for (Group& group : groups) {
    if (!group.verdict.fits()) continue;
    fitting.push_back(&group);
    candidates.push_back(standings_of(plugin, group));
  }
  const std::vector<std::int64_t> scores = plugin.plugin->score(candidates);
  for (std::size_t i = 0; i < fitting.size(); ++i) fitting[i]->score += plugin.plugin->weight() * scores[i];
}

const std::vector<std::int64_t>& Topology::weights_of(const PodTraitsPtr& traits) {
  const auto known = weights_.find(traits);
  if (known != weights_.end()) return known->second;
  if (weights_.size() >= kMaxWeights) weights_.clear();
  std::vector<std::int64_t>& weights = weights_[traits];
  for (const PodCount* count : counts_) weights.push_back(count->weigh(*traits));
  return weights;
}

NodeGroup Topology::standings_of(const Plugin& plugin, const Group& group) const {
  NodeGroup standings;
  standings.nodes = group.nodes;
  for (std::size_t i = plugin.first; i < plugin.first + plugin.counts; ++i) {
    const Position& position = (*group.key)[i];
    if (position.domain != nullptr) {
      standings.standings.push_back(Standing{true, position.domain->count, position.domain->id});
    } else {
      const bool labelled = position.count != kNoLabel;
      standings.standings.push_back(Standing{labelled, labelled ? position.count : 0, 0});
    }
  }
  return standings;
}

// The other nodes of a domain that should be a single one.
void Topology::add_neighbours(const NodeInfo* node, const DomainCounts& domains,
                              std::vector<const NodeInfo*>& others) const {
  const DomainCounts::Domain* domain = domains.domain_of(node);
  if (domain == nullptr) return;
  for (const NodeInfo* member : domain->members) {
    if (member != node) others.push_back(member);
  }
}

}  // namespace skiff::scheduler
