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

using Nodes = std::vector<const NodeInfo*>;
using NodesByTotal = std::map<std::int64_t, Nodes, std::greater<>>;

// What a group has not offered yet.
struct Offer {
  NodesByTotal::const_iterator next;
  NodesByTotal::const_iterator end;
  std::int64_t score = 0;  // of the group

  [[nodiscard]] std::int64_t best() const { return next->first + score; }
};

// The nodes of several groups that are worth the same.
struct Equals {
  std::vector<const Nodes*> parts;
  std::size_t count = 0;

  [[nodiscard]] const NodeInfo* at(std::size_t index) const {
    auto part = parts.begin();
    for (; index >= (*part)->size(); ++part) index -= (*part)->size();
    return (**part)[index];
  }
};

Equals take_best(std::vector<Offer>& offers) {
  offers.erase(std::remove_if(offers.begin(), offers.end(), [](const Offer& offer) { return offer.next == offer.end; }),
               offers.end());
  Equals equals;
  if (offers.empty()) return equals;
  const auto best = std::max_element(offers.begin(), offers.end(),
                                     [](const Offer& a, const Offer& b) { return a.best() < b.best(); });
  const std::int64_t total = best->best();
  for (Offer& offer : offers) {
    if (offer.best() != total) continue;
    equals.parts.push_back(&offer.next->second);
    equals.count += offer.next->second.size();
    ++offer.next;
  }
  return equals;
}

}  // namespace

std::int64_t Ranking::Scorer::scaled(std::int64_t score) const {
  if (plugin->scale == ScorePlugin::Scale::kAsIs) return score;
  if (highest > 0) score = score * kMaxScore / highest;
  return plugin->scale == ScorePlugin::Scale::kLeast ? kMaxScore - score : score;
}

Ranking::Ranking(PodInfoPtr pod, std::string kind) : pod_(std::move(pod)), kind_(std::move(kind)) {
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
  if (!changes || topology_.is_outdated(cache)) return start_again(cache);
  position_ = cache.log().end();
  for (const NodeLog::Change& change : *changes) change.gone ? drop(change.node) : judge(*change.node);
  sort_again_if_scales_changed();
  judge_groups();
  return changes->size();
}

std::size_t Ranking::start_again(const Cache& cache) {
  *this = Ranking(pod_, kind_);
  topology_ = Topology(*pod_, cache);
  position_ = cache.log().end();
  for (const NodeInfo* node : cache.nodes()) judge(*node);
  sort_again_if_scales_changed();
  judge_groups();
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
  Nodes moved;
  topology_.set(node, moved);
  join(&node, judgement);
  regroup(moved);
}

void Ranking::drop(const NodeInfo* node) {
  const auto known = judgements_.find(node);
  if (known == judgements_.end()) return;
  leave(node, known->second);
  judgements_.erase(known);
  Nodes moved;
  topology_.erase(node, moved);
  regroup(moved);
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
  leave_group(node, judgement);
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
  judgement.group = groups_.try_emplace(topology_.key_of(node)).first;
  place_by_total(node, judgement);
}

void Ranking::place_by_total(const NodeInfo* node, Judgement& judgement) {
  judgement.total = total_of(judgement);
  join_group(node, judgement);
}

void Ranking::leave_group(const NodeInfo* node, const Judgement& judgement) {
  Group& group = judgement.group->second;
  // The last one takes its place.
  const auto equals = group.by_total.find(judgement.total);
  Nodes& nodes = equals->second;
  CHECK_INVARIANT(nodes[judgement.place] == node);
  nodes[judgement.place] = nodes.back();
  judgements_.at(nodes.back()).place = judgement.place;
  nodes.pop_back();
  if (nodes.empty()) group.by_total.erase(equals);
  if (--group.nodes == 0) groups_.erase(judgement.group);
}

void Ranking::join_group(const NodeInfo* node, Judgement& judgement) {
  Group& group = judgement.group->second;
  Nodes& equals = group.by_total[judgement.total];
  judgement.place = equals.size();
  equals.push_back(node);
  ++group.nodes;
}

// Nothing has changed about these nodes but how they stand.
void Ranking::regroup(const Nodes& nodes) {
  for (const NodeInfo* node : nodes) {
    const auto known = judgements_.find(node);
    if (known == judgements_.end() || known->second.rejected_by != nullptr) continue;
    leave_group(node, known->second);
    known->second.group = groups_.try_emplace(topology_.key_of(node)).first;
    join_group(node, known->second);
  }
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
  for (auto& [key, group] : groups_) group = Group{};
  for (auto& [node, judgement] : judgements_) {
    if (judgement.rejected_by == nullptr) place_by_total(node, judgement);
  }
}

void Ranking::judge_groups() {
  candidates_.clear();
  unfit_.clear();
  std::vector<Topology::Group> judged;
  for (const auto& [key, group] : groups_) judged.push_back(Topology::Group{&key, group.nodes});
  topology_.judge(judged);
  auto group = groups_.begin();
  for (Topology::Group& each : judged) {
    if (each.verdict.fits()) {
      candidates_.push_back(Candidate{&group->second, each.score});
    } else {
      unfit_.push_back(Unfit{std::move(each.verdict), each.events, each.nodes});
    }
    ++group;
  }
}

const NodeInfo* Ranking::choose(std::minstd_rand& random, const Accept& accept) const {
  std::vector<Offer> offers;
  for (const Candidate& candidate : candidates_) {
    offers.push_back(Offer{candidate.group->by_total.begin(), candidate.group->by_total.end(), candidate.score});
  }
  while (true) {
    const Equals equals = take_best(offers);
    if (equals.count == 0) return nullptr;
    const std::size_t first = random() % equals.count;
    for (std::size_t i = 0; i < equals.count; ++i) {
      const NodeInfo* node = equals.at((first + i) % equals.count);
      if (accept(*node)) return node;
    }
  }
}

void Ranking::explain(Rejection& rejection) const {
  for (const auto& [reason, count] : reasons_) rejection.counts[reason] += count;
  for (const auto& [plugin, count] : rejected_by_) rejection.events |= plugin->events;
  rejection.resolvable += resolvable_;
  for (const Unfit& unfit : unfit_) {
    for (const std::string& reason : unfit.verdict.reasons) rejection.counts[reason] += unfit.nodes;
    rejection.events |= unfit.events;
    if (unfit.verdict.kind == Verdict::Kind::kNo) rejection.resolvable += unfit.nodes;
  }
}

}  // namespace skiff::scheduler
