#pragma once

#include "scheduler/topology_plugin.h"

#include <cstdint>
#include <string>
#include <vector>

namespace skiff::scheduler {

// Pods that are to be near to others, or to stay away from them (upstream's plugin InterPodAffinity). The terms of pods
// that run already bind both sides: what they must stay away from is kept away from them, what they prefer is
// preferred.
//
// Its counts, in this order: pods that match all required affinity terms, for each of these; pods that match each
// required anti-affinity term; by topology key, pods that must be alone and whose terms match this pod; and by topology
// key the weights of all preferences, of either side.
class InterPodAffinity final : public TopologyPlugin {
 public:
  [[nodiscard]] static bool concerns(const PodInfo& pod, const Cache& cache);

  // `cache` outlives it.
  InterPodAffinity(const PodInfo& pod, const Cache& cache);

  [[nodiscard]] const std::vector<PodCount>& counts() const override { return counts_; }
  [[nodiscard]] bool is_outdated(const Cache& cache) override;
  [[nodiscard]] ClusterEvents events() const override;
  [[nodiscard]] std::int64_t weight() const override { return 2; }
  [[nodiscard]] Verdict filter(const NodeGroup& group, std::span<const DomainCounts> domains) const override;
  [[nodiscard]] std::vector<std::int64_t> score(const std::vector<NodeGroup>& groups) const override;

 private:
  // The topology keys of terms that matter because of what runs already, or will: each once.
  struct Keys {
    std::vector<std::string> anti_affinity;
    std::vector<std::string> preferences;
  };

  void add_keys_of(const PodTerms& terms, Keys& keys) const;
  [[nodiscard]] Keys keys_in(const Cache& cache) const;
  void add_counts();
  [[nodiscard]] bool matches_all_affinity(const PodTraits& pod) const;
  [[nodiscard]] std::int64_t preference(const std::string& topology_key, const PodTraits& pod) const;
  [[nodiscard]] bool satisfies_affinity(const NodeGroup& group, std::span<const DomainCounts> domains) const;

  const PodTraitsPtr traits_;
  const PodTerms own_;
  const Namespaces& namespaces_;
  Keys keys_;
  std::vector<PodCount> counts_;
  std::uint64_t terms_version_ = 0;
  std::uint64_t namespaces_version_ = 0;
  bool looks_at_namespaces_ = false;
};

}  // namespace skiff::scheduler
