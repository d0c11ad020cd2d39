#include "scheduler/placement.h"

#include <algorithm>

namespace skiff::scheduler {

namespace {

void note(const FilterPlugin& plugin, const Verdict& verdict, Rejection& rejection) {
  if (verdict.kind == Verdict::Kind::kBroken) rejection.broken = verdict.reasons.front();
  if (verdict.kind == Verdict::Kind::kNo) ++rejection.resolvable;
  rejection.events |= plugin.events;
  for (const std::string& reason : verdict.reasons) ++rejection.counts[reason];
}

// Asks the plugins in their order; the first that says no is noted.
bool fits(const std::vector<FilterPlugin>& plugins, const PodInfo& pod, const NodeInfo& node, Rejection& rejection) {
  for (const FilterPlugin& plugin : plugins) {
    if (!plugin.concerns(pod)) continue;
    const Verdict verdict = plugin.filter(pod, node);
    if (verdict.fits()) continue;
    note(plugin, verdict, rejection);
    return false;
  }
  return true;
}

}  // namespace

Placement Placer::place(const PodInfoPtr& pod, const Cache& cache, const std::vector<FilterPlugin>& further) {
  const bool looks_elsewhere = looks_at_topology(*pod, cache);
  const std::string* name = pod->required_nodes.only_name();
  if (name != nullptr && !looks_elsewhere) return place_on(*name, *pod, cache, further);
  Placement placement;
  placement.rejection.nodes = cache.nodes().size();
  // Where other pods are matters to few; to all others it does not matter what they themselves are to others.
  Ranking& ranking = ranking_for(pod, looks_elsewhere ? pod->wishes + pod->traits->text : pod->wishes);
  judged_ += ranking.refresh(cache);
  placement.node = ranking.choose(random_, [&](const NodeInfo& node) {
    if (further.empty()) return true;
    ++judged_;
    return fits(further, *pod, node, placement.rejection);
  });
  if (placement.node == nullptr) ranking.explain(placement.rejection);
  return placement;
}

// A pod that names its node, as those of a DaemonSet do, is no business of the others.
Placement Placer::place_on(const std::string& name, const PodInfo& pod, const Cache& cache,
                           const std::vector<FilterPlugin>& further) {
  Placement placement;
  Rejection& rejection = placement.rejection;
  rejection.nodes = cache.nodes().size();
  rejection.events |= kNodeLabelsChanged;
  std::size_t others = rejection.nodes;
  if (const NodeInfo* node = cache.find_node(name)) {
    ++judged_;
    if (fits(filter_plugins(), pod, *node, rejection) && fits(further, pod, *node, rejection)) placement.node = node;
    --others;
  }
  if (others > 0) rejection.counts["node(s) didn't satisfy plugin(s) [NodeAffinity]"] = others;
  return placement;
}

Ranking& Placer::ranking_for(const PodInfoPtr& pod, const std::string& kind) {
  auto known = std::find_if(rankings_.begin(), rankings_.end(),
                            [&kind](const auto& ranking) { return ranking->kind() == kind; });
  if (known == rankings_.end()) {
    if (rankings_.size() == kRankings) rankings_.pop_back();
    known = rankings_.insert(rankings_.end(), std::make_unique<Ranking>(pod, kind));
  }
  std::rotate(rankings_.begin(), known, known + 1);
  return *rankings_.front();
}

}  // namespace skiff::scheduler
