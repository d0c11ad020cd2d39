#pragma once

#include "scheduler/cache.h"
#include "scheduler/framework.h"
#include "scheduler/rejection.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <unordered_map>
#include <vector>

namespace skiff::scheduler {

// All nodes of the cluster in the order in which pods of one kind (PodInfo::wishes) want them, and why they do not want
// the others. The pods of a controller are all of one kind, and each of them changes one node: so the cost of finding
// the next one's node is that of judging one node, however many there are.
class Ranking {
 public:
  // `pod`: any one of the kind.
  explicit Ranking(PodInfoPtr pod);

  [[nodiscard]] const std::string& wishes() const { return pod_->wishes; }

  // Judges the nodes again that have changed since the last call. Returns how many.
  std::size_t refresh(const Cache& cache);

  // Offers the nodes that fit, best first and equal ones from a random one on, until one is accepted: that one, or
  // null. As of the last refresh().
  using Accept = std::function<bool(const NodeInfo& node)>;
  [[nodiscard]] const NodeInfo* choose(std::minstd_rand& random, const Accept& accept) const;
  // Adds why the nodes that do not fit do not.
  void explain(Rejection& rejection) const;

 private:
  static constexpr std::size_t kMaxScorePlugins = 8;

  struct Judgement {
    Verdict verdict;
    const FilterPlugin* rejected_by = nullptr;  // null: the node fits
    std::array<std::int64_t, kMaxScorePlugins> scores{};
    std::int64_t total = 0;
    std::size_t place = 0;  // among those of the same total
  };
  // A plugin that has something to say about the pod, and what its scores are measured by.
  struct Scorer {
    const ScorePlugin* plugin = nullptr;
    std::map<std::int64_t, std::size_t> scores;  // how many nodes that fit have each, for scales that compare
    std::int64_t highest = 0;

    [[nodiscard]] std::int64_t scaled(std::int64_t score) const;
  };

  void judge(const NodeInfo& node);
  void drop(const NodeInfo* node);
  void leave(const NodeInfo* node, const Judgement& judgement);
  void join(const NodeInfo* node, Judgement& judgement);
  [[nodiscard]] std::int64_t total_of(const Judgement& judgement) const;
  void sort_again_if_scales_changed();

  PodInfoPtr pod_;
  std::vector<const FilterPlugin*> filters_;
  std::vector<Scorer> scorers_;
  std::unordered_map<const NodeInfo*, Judgement> judgements_;
  std::map<std::int64_t, std::vector<const NodeInfo*>, std::greater<>> by_total_;  // those that fit
  std::map<std::string, std::size_t> reasons_;                                     // of the others
  std::map<const FilterPlugin*, std::size_t> rejected_by_;
  std::size_t resolvable_ = 0;
  std::uint64_t position_ = 0;  // in the cache's log
};

}  // namespace skiff::scheduler
