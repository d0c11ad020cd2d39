#include "scheduler/ranking.h"

#include "api/base/check.h"

#include <algorithm>
#include <utility>

namespace skiff::scheduler {

namespace {

// Removes one of a number of things counted by key.
template <class Map, class Key>
void count_down(Map& counts, const Key& key) {
  const auto counted = counts.find(key);
  if (--counted->second == 0) counts.erase(counted);
}

}  // namespace

std::int64_t Ranking::Scorer::scaled(std::int64_t score) const {
  if (plugin->scale == ScorePlugin::Scale::kAsIs) return score;
  if (highest > 0) score = score * kMaxScore / highest;
  return plugin->scale == ScorePlugin::Scale::kLeast ? kMaxScore - score : score;
}

Ranking::Ranking(PodInfoPtr pod) : pod_(std::move(pod)) {
  for (const FilterPlugin& plugin : filter_plugins()) {
    if (plugin.concerns(*pod_)) filters_.push_back(&plugin);
  }
  for (const ScorePlugin& plugin : score_plugins()) {
    if (plugin.concerns(*pod_)) scorers_.push_back(Scorer{&plugin, {}, 0});
  }
  CHECK_INVARIANT(scorers_.size() <= kMaxScorePlugins);
}

std::size_t Ranking::refresh(const Cache& cache) {
  const auto changes = cache.log().since(position_);
  position_ = cache.log().end();
  if (changes) {
    for (const NodeLog::Change& change : *changes) change.gone ? drop(change.node) : judge(*change.node);
    sort_again_if_scales_changed();
    return changes->size();
  }
  *this = Ranking(pod_);
  position_ = cache.log().end();
  for (const NodeInfo* node : cache.nodes()) judge(*node);
  sort_again_if_scales_changed();
  return cache.nodes().size();
}

void Ranking::judge(const NodeInfo& node) {
  const auto [known, is_new] = judgements_.try_emplace(&node);
  Judgement& judgement = known->second;
  if (!is_new) leave(&node, judgement);
  judgement.verdict = Verdict::yes();
  judgement.rejected_by = nullptr;
  for (const FilterPlugin* plugin : filters_) {
    judgement.verdict = plugin->filter(*pod_, node);
    if (judgement.verdict.fits()) continue;
    judgement.rejected_by = plugin;
    break;
  }
  if (judgement.rejected_by == nullptr) {
    for (std::size_t i = 0; i < scorers_.size(); ++i) judgement.scores[i] = scorers_[i].plugin->score(*pod_, node);
  }
  join(&node, judgement);
}

void Ranking::drop(const NodeInfo* node) {
  const auto known = judgements_.find(node);
  if (known == judgements_.end()) return;
  leave(node, known->second);
  judgements_.erase(known);
}

void Ranking::leave(const NodeInfo* node, const Judgement& judgement) {
  if (judgement.rejected_by != nullptr) {
    for (const std::string& reason : judgement.verdict.reasons) count_down(reasons_, reason);
    count_down(rejected_by_, judgement.rejected_by);
    if (judgement.verdict.kind == Verdict::Kind::kNo) --resolvable_;
    return;
  }
  for (std::size_t i = 0; i < scorers_.size(); ++i) {
    if (scorers_[i].plugin->scale != ScorePlugin::Scale::kAsIs) count_down(scorers_[i].scores, judgement.scores[i]);
  }
  // The last one takes its place.
  const auto equals = by_total_.find(judgement.total);
  std::vector<const NodeInfo*>& nodes = equals->second;
  CHECK_INVARIANT(nodes[judgement.place] == node);
  nodes[judgement.place] = nodes.back();
  judgements_.at(nodes.back()).place = judgement.place;
  nodes.pop_back();
  if (nodes.empty()) by_total_.erase(equals);
}

void Ranking::join(const NodeInfo* node, Judgement& judgement) {
  if (judgement.rejected_by != nullptr) {
    for (const std::string& reason : judgement.verdict.reasons) ++reasons_[reason];
    ++rejected_by_[judgement.rejected_by];
    if (judgement.verdict.kind == Verdict::Kind::kNo) ++resolvable_;
    return;
  }
  for (std::size_t i = 0; i < scorers_.size(); ++i) {
    if (scorers_[i].plugin->scale != ScorePlugin::Scale::kAsIs) ++scorers_[i].scores[judgement.scores[i]];
  }
  judgement.total = total_of(judgement);
  std::vector<const NodeInfo*>& equals = by_total_[judgement.total];
  judgement.place = equals.size();
  equals.push_back(node);
}

std::int64_t Ranking::total_of(const Judgement& judgement) const {
  std::int64_t total = 0;
  for (std::size_t i = 0; i < scorers_.size(); ++i) {
    total += scorers_[i].plugin->weight * scorers_[i].scaled(judgement.scores[i]);
  }
  return total;
}

// Scores that are measured by the highest one mean something else when there is another highest.
void Ranking::sort_again_if_scales_changed() {
  bool changed = false;
  for (Scorer& scorer : scorers_) {
    const std::int64_t highest = scorer.scores.empty() ? 0 : scorer.scores.rbegin()->first;
    if (std::exchange(scorer.highest, highest) != highest) changed = true;
  }
  if (!changed) return;
  by_total_.clear();
  for (auto& [node, judgement] : judgements_) {
    if (judgement.rejected_by != nullptr) continue;
    judgement.total = total_of(judgement);
    std::vector<const NodeInfo*>& equals = by_total_[judgement.total];
    judgement.place = equals.size();
    equals.push_back(node);
  }
}

const NodeInfo* Ranking::choose(std::minstd_rand& random, const Accept& accept) const {
  for (const auto& [total, equals] : by_total_) {
    const std::size_t first = random() % equals.size();
    for (std::size_t i = 0; i < equals.size(); ++i) {
      const NodeInfo* node = equals[(first + i) % equals.size()];
      if (accept(*node)) return node;
    }
  }
  return nullptr;
}

void Ranking::explain(Rejection& rejection) const {
  for (const auto& [reason, count] : reasons_) rejection.counts[reason] += count;
  for (const auto& [plugin, count] : rejected_by_) rejection.events |= plugin->events;
  rejection.resolvable += resolvable_;
}

}  // namespace skiff::scheduler
