#pragma once

#include "scheduler/ranking.h"
#include "scheduler/rejection.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

// The decision for one pod: filter, score, choose. No waiting, no writing.
namespace skiff::scheduler {

struct Placement {
  const NodeInfo* node = nullptr;  // null: see `rejection`
  Rejection rejection;
};

// Finds nodes for one pod after the other: the best of all, and of equal ones any. For each of the latest kinds of pods
// it keeps a Ranking, so that pods of a kind that was there already cost only what has changed since.
class Placer {
 public:
  // Kinds of pods that are remembered.
  static constexpr std::size_t kRankings = 16;

  explicit Placer(std::uint32_t seed) : random_(seed) {}

  // `further`: filters for this decision alone, asked after those that are always there.
  [[nodiscard]] Placement place(const PodInfoPtr& pod, const Cache& cache,
                                const std::vector<FilterPlugin>& further = {});

  // How many nodes have been judged so far; for tests that guard the cost.
  [[nodiscard]] std::size_t judged() const { return judged_; }

 private:
  [[nodiscard]] Placement place_on(const std::string& name, const PodInfo& pod, const Cache& cache,
                                   const std::vector<FilterPlugin>& further);
  [[nodiscard]] Ranking& ranking_for(const PodInfoPtr& pod, const std::string& kind);

  std::minstd_rand random_;
  std::vector<std::unique_ptr<Ranking>> rankings_;  // the latest one first
  std::size_t judged_ = 0;
};

}  // namespace skiff::scheduler
