#pragma once

#include "api/selector.h"
#include "scheduler/topology_plugin.h"

#include <cstdint>
#include <string>
#include <vector>

namespace skiff::scheduler {

// v1.TopologySpreadConstraint.
struct SpreadConstraint {
  std::string topology_key;
  std::int64_t max_skew = 1;
  std::int64_t min_domains = 1;
  api::LabelSelector selector;  // with the values of matchLabelKeys
  bool honors_node_affinity = true;
  bool honors_taints = false;
};

// How evenly pods spread over domains (upstream's plugin PodTopologySpread): what must hold keeps nodes of crowded
// domains out, what should hold scores them lower.
class PodTopologySpread final : public TopologyPlugin {
 public:
  [[nodiscard]] static bool concerns(const PodInfo& pod);

  explicit PodTopologySpread(const PodInfo& pod);

  [[nodiscard]] const std::vector<PodCount>& counts() const override { return counts_; }
  [[nodiscard]] ClusterEvents events() const override;
  [[nodiscard]] std::int64_t weight() const override { return 2; }
  [[nodiscard]] Verdict filter(const NodeGroup& group, std::span<const DomainCounts> domains) const override;
  [[nodiscard]] std::vector<std::int64_t> score(const std::vector<NodeGroup>& groups) const override;

 private:
  void add_counts(const std::vector<SpreadConstraint>& constraints);
  [[nodiscard]] bool includes(const SpreadConstraint& constraint, const NodeInfo& node) const;
  [[nodiscard]] bool is_scored(const NodeGroup& group) const;
  [[nodiscard]] std::vector<double> domain_weights(const std::vector<NodeGroup>& groups) const;

  const std::vector<api::Toleration> tolerations_;
  const api::RequiredNodes required_nodes_;
  const PodTraitsPtr traits_;
  const std::vector<SpreadConstraint> required_;   // DoNotSchedule
  const std::vector<SpreadConstraint> preferred_;  // ScheduleAnyway
  std::vector<PodCount> counts_;                   // of the required ones, then of the preferred ones
};

}  // namespace skiff::scheduler
