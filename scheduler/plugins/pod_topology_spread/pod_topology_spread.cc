#include "scheduler/plugins/pod_topology_spread/pod_topology_spread.h"

#include "api/views/meta.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

namespace skiff::scheduler {

namespace {

constexpr const char* kNotMatched = "node(s) didn't match pod topology spread constraints";
constexpr const char* kNoRequiredLabel =
    "node(s) didn't match pod topology spread constraints (missing required label)";

// The constraint's own selector, and the pod's own values of the labels in matchLabelKeys.
api::LabelSelector spread_selector(const Json& constraint, const Json& pod) {
  const Json* own = find(constraint, {"labelSelector"});
  Json selector = own != nullptr ? *own : Json();
  const Json* keys = find(constraint, {"matchLabelKeys"});
  if (keys != nullptr && keys->is_array()) {
    for (const Json& key : *keys) {
      const std::string name = key.get<std::string>();
      if (const std::string* value = api::label_of(pod, name)) selector["matchLabels"][name] = *value;
    }
  }
  return selector_of(&selector);
}

std::vector<SpreadConstraint> constraints_of(const Json& pod, const char* action) {
  std::vector<SpreadConstraint> constraints;
  const Json* list = find(pod, {"spec", "topologySpreadConstraints"});
  if (list == nullptr || !list->is_array()) return constraints;
  for (const Json& object : *list) {
    if (string_at(object, {"whenUnsatisfiable"}) != action) continue;
    SpreadConstraint constraint;
    constraint.topology_key = string_at(object, {"topologyKey"});
    constraint.max_skew = integer_at(object, {"maxSkew"}, 1);
    constraint.min_domains = integer_at(object, {"minDomains"}, 1);
    constraint.selector = spread_selector(object, pod);
    constraint.honors_node_affinity = string_at(object, {"nodeAffinityPolicy"}, "Honor") == "Honor";
    constraint.honors_taints = string_at(object, {"nodeTaintsPolicy"}, "Ignore") == "Honor";
    constraints.push_back(std::move(constraint));
  }
  return constraints;
}

bool has_labels_of_all(const NodeInfo& node, const std::vector<SpreadConstraint>& constraints) {
  return std::all_of(constraints.begin(), constraints.end(),
                     [&node](const SpreadConstraint& each) { return node.label(each.topology_key) != nullptr; });
}

bool has_untolerated_taint(const NodeInfo& node, const std::vector<api::Toleration>& tolerations) {
  return std::any_of(node.taints().begin(), node.taints().end(), [&tolerations](const api::Taint& taint) {
    return (taint.effect == "NoSchedule" || taint.effect == "NoExecute") && !api::tolerates(tolerations, taint);
  });
}

}  // namespace

bool PodTopologySpread::concerns(const PodInfo& pod) {
  const Json* constraints = find(*pod.object, {"spec", "topologySpreadConstraints"});
  return constraints != nullptr && !constraints->empty();
}

PodTopologySpread::PodTopologySpread(const PodInfo& pod)
    : tolerations_(pod.tolerations),
      required_nodes_(pod.required_nodes),
      traits_(pod.traits),
      required_(constraints_of(*pod.object, "DoNotSchedule")),
      preferred_(constraints_of(*pod.object, "ScheduleAnyway")) {
  add_counts(required_);
  add_counts(preferred_);
}

ClusterEvents PodTopologySpread::events() const {
  return kNodeAdded | kNodeGone | kNodeLabelsChanged | kNodeTaintsChanged | kPodAdded | kPodChanged | kPodGone;
}

void PodTopologySpread::add_counts(const std::vector<SpreadConstraint>& constraints) {
  for (const SpreadConstraint& constraint : constraints) {
    PodCount count;
    count.topology_key = constraint.topology_key;
    count.weigh = [this, &constraint](const PodTraits& pod) {
      return pod.namespace_ == traits_->namespace_ && constraint.selector.matches(pod.labels) ? 1 : 0;
    };
    count.with_terminating = false;
    count.counts_on = [this, &constraints, &constraint](const NodeInfo& node) {
      return has_labels_of_all(node, constraints) && includes(constraint, node);
    };
    counts_.push_back(std::move(count));
  }
}

bool PodTopologySpread::includes(const SpreadConstraint& constraint, const NodeInfo& node) const {
  if (constraint.honors_node_affinity && !required_nodes_.matches(node.labels())) return false;
  return !constraint.honors_taints || !has_untolerated_taint(node, tolerations_);
}

Verdict PodTopologySpread::filter(const NodeGroup& group, std::span<const DomainCounts> domains) const {
  for (std::size_t i = 0; i < required_.size(); ++i) {
    const SpreadConstraint& constraint = required_[i];
    const Standing& standing = group.standings[i];
    if (!standing.labelled) return Verdict::never(kNoRequiredLabel);
    const auto domain_count = static_cast<std::int64_t>(domains[i].size());
    const std::int64_t least = domain_count < constraint.min_domains ? 0 : domains[i].least();
    const std::int64_t own = constraint.selector.matches(traits_->labels) ? 1 : 0;
    if (standing.count + own - least > constraint.max_skew) return Verdict::no({kNotMatched});
  }
  return Verdict::yes();
}

// A node that has not all the labels is worth nothing.
bool PodTopologySpread::is_scored(const NodeGroup& group) const {
  return std::all_of(group.standings.begin() + static_cast<std::ptrdiff_t>(required_.size()), group.standings.end(),
                     [](const Standing& standing) { return standing.labelled; });
}

// The more domains there are, the fewer pods each has: so a pod more weighs the more.
std::vector<double> PodTopologySpread::domain_weights(const std::vector<NodeGroup>& groups) const {
  std::vector<double> weights;
  for (std::size_t i = required_.size(); i < counts_.size(); ++i) {
    std::set<std::uint64_t> domains;
    std::size_t single_nodes = 0;
    for (const NodeGroup& group : groups) {
      if (!is_scored(group)) continue;
      const std::uint64_t domain = group.standings[i].domain;
      domain == 0 ? static_cast<void>(single_nodes += group.nodes) : static_cast<void>(domains.insert(domain));
    }
    weights.push_back(std::log(static_cast<double>(domains.size() + single_nodes + 2)));
  }
  return weights;
}

std::vector<std::int64_t> PodTopologySpread::score(const std::vector<NodeGroup>& groups) const {
  std::vector<std::int64_t> scores(groups.size(), 0);
  if (preferred_.empty()) return scores;
  const std::vector<double> weights = domain_weights(groups);
  std::vector<std::optional<std::int64_t>> crowding(groups.size());
  std::optional<std::int64_t> lowest;
  std::int64_t highest = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (!is_scored(groups[g])) continue;
    double sum = 0;
    for (std::size_t i = 0; i < preferred_.size(); ++i) {
      const auto count = static_cast<double>(groups[g].standings[required_.size() + i].count);
      sum += count * weights[i] + static_cast<double>(preferred_[i].max_skew - 1);
    }
    crowding[g] = std::llround(sum);
    lowest = std::min(lowest.value_or(*crowding[g]), *crowding[g]);
    highest = std::max(highest, *crowding[g]);
  }
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (!crowding[g]) continue;
    scores[g] = highest == 0 ? kMaxScore : kMaxScore * (highest + *lowest - *crowding[g]) / highest;
  }
  return scores;
}

}  // namespace skiff::scheduler
