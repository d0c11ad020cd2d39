#include "scheduler/placement.h"

#include <algorithm>

namespace skiff::scheduler {

namespace {

constexpr std::size_t kMinFeasibleNodes = 100;
constexpr std::size_t kMinPercentage = 5;

std::string join_sorted(std::vector<std::string> parts) {
  std::sort(parts.begin(), parts.end());
  std::string joined;
  for (const std::string& part : parts) joined += (joined.empty() ? "" : ", ") + part;
  return joined;
}

void scale_scores(std::vector<std::int64_t>& scores, ScorePlugin::Scale scale) {
  if (scale == ScorePlugin::Scale::kAsIs || scores.empty()) return;
  const std::int64_t highest = *std::max_element(scores.begin(), scores.end());
  for (std::int64_t& score : scores) {
    if (highest > 0) score = score * kMaxScore / highest;
    if (scale == ScorePlugin::Scale::kLeast) score = kMaxScore - score;
  }
}

}  // namespace

std::string Rejection::message(bool may_preempt) const {
  if (nodes == 0) return "no nodes available to schedule pods";
  const std::string available = "0/" + std::to_string(nodes) + " nodes are available: ";
  std::vector<std::string> reasons;
  for (const auto& [reason, count] : counts) reasons.push_back(std::to_string(count) + " " + reason);
  if (!everywhere.empty()) reasons = {everywhere};
  std::string text = available + join_sorted(std::move(reasons)) + ". preemption: ";
  if (!may_preempt) return text + "not eligible due to preemptionPolicy=Never.";
  std::vector<std::string> outcomes;
  if (resolvable > 0) outcomes.push_back(std::to_string(resolvable) + " No preemption victims found for incoming pod");
  if (nodes > resolvable) {
    outcomes.push_back(std::to_string(nodes - resolvable) + " Preemption is not helpful for scheduling");
  }
  return text + available + join_sorted(std::move(outcomes)) + ".";
}

std::size_t feasible_nodes_to_find(std::size_t nodes) {
  if (nodes <= kMinFeasibleNodes) return nodes;
  const std::size_t less = std::min<std::size_t>(nodes / 125, 50 - kMinPercentage);
  return std::max(kMinFeasibleNodes, nodes * (50 - less) / 100);
}

Placement Placer::place(const PodInfo& pod, const std::vector<const NodeInfo*>& nodes,
                        const std::vector<FilterPlugin>& further) {
  Placement placement;
  const std::vector<const NodeInfo*> candidates = feasible(pod, nodes, further, placement.rejection);
  if (candidates.size() == 1) {
    placement.node = candidates.front();
  } else if (!candidates.empty()) {
    placement.node = best(pod, candidates);
  }
  return placement;
}

std::vector<const NodeInfo*> Placer::feasible(const PodInfo& pod, const std::vector<const NodeInfo*>& nodes,
                                              const std::vector<FilterPlugin>& further, Rejection& rejection) {
  std::vector<const FilterPlugin*> plugins;
  for (const std::vector<FilterPlugin>* list : {&filter_plugins(), &further}) {
    for (const FilterPlugin& plugin : *list) {
      if (plugin.concerns(pod)) plugins.push_back(&plugin);
    }
  }
  const std::size_t enough = feasible_nodes_to_find(nodes.size());
  std::vector<const NodeInfo*> found;
  found.reserve(enough);
  rejection.nodes = nodes.size();
  std::size_t looked_at = 0;
  for (; looked_at < nodes.size() && found.size() < enough; ++looked_at) {
    const NodeInfo* node = nodes[(next_start_ + looked_at) % nodes.size()];
    bool fits = true;
    for (const FilterPlugin* plugin : plugins) {
      const Verdict verdict = plugin->filter(pod, *node);
      if (verdict.fits()) continue;
      fits = false;
      if (verdict.kind == Verdict::Kind::kBroken) rejection.broken = verdict.reasons.front();
      if (verdict.kind == Verdict::Kind::kNo) ++rejection.resolvable;
      rejection.events |= plugin->events;
      for (const std::string& reason : verdict.reasons) ++rejection.counts[reason];
      break;
    }
    if (fits) found.push_back(node);
  }
  if (!nodes.empty()) next_start_ = (next_start_ + looked_at) % nodes.size();
  return found;
}

const NodeInfo* Placer::best(const PodInfo& pod, const std::vector<const NodeInfo*>& nodes) {
  std::vector<std::int64_t> totals(nodes.size());
  std::vector<std::int64_t> scores(nodes.size());
  for (const ScorePlugin& plugin : score_plugins()) {
    if (!plugin.concerns(pod)) continue;
    for (std::size_t i = 0; i < nodes.size(); ++i) scores[i] = plugin.score(pod, *nodes[i]);
    scale_scores(scores, plugin.scale);
    for (std::size_t i = 0; i < nodes.size(); ++i) totals[i] += plugin.weight * scores[i];
  }
  std::size_t chosen = 0;
  std::uint32_t equals = 1;
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    if (totals[i] > totals[chosen]) {
      chosen = i;
      equals = 1;
    } else if (totals[i] == totals[chosen] && random_() % ++equals == 0) {
      chosen = i;
    }
  }
  return nodes[chosen];
}

}  // namespace skiff::scheduler
