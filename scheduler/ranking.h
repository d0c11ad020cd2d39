#pragma once

#include "scheduler/cache.h"
#include "scheduler/framework.h"
#include "scheduler/rejection.h"
#include "scheduler/topology.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace skiff::scheduler {

// All nodes of the cluster in the order in which pods of one kind want them, and why they do not want the others. The
// pods of a controller are all of one kind, and each of them changes one node: so the cost of finding the next one's
// node is that of judging one node, however many there are.
//
// What plugins say about a node by itself is kept until the node changes. What they say because of pods elsewhere
// (Topology) changes with every pod, and is said of groups of nodes: in each group the nodes are in the order of what
// they are by themselves, and a node's total is that and its group's score. Most pods look at no topology: then all
// nodes are one group.
class Ranking {
 public:
  // `pod`: any one of the kind.
  Ranking(PodInfoPtr pod, std::string kind);

  [[nodiscard]] const std::string& kind() const { return kind_; }

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

  using Nodes = std::vector<const NodeInfo*>;
  // Nodes that fit by themselves, by what they are worth by themselves.
  struct Group {
    std::map<std::int64_t, Nodes, std::greater<>> by_total;
    std::size_t nodes = 0;
  };
  using Groups = std::map<Topology::Key, Group>;
  struct Judgement {
    Verdict verdict;
    const FilterPlugin* rejected_by = nullptr;  // null: the node fits by itself
    std::array<std::int64_t, kMaxScorePlugins> scores{};
    std::int64_t total = 0;
    Groups::iterator group{};
    std::size_t place = 0;  // among those of the same group and total
  };
  // A plugin that has something to say about the pod, and what its scores are measured by.
  struct Scorer {
    const ScorePlugin* plugin = nullptr;
    std::map<std::int64_t, std::size_t> scores;  // how many nodes that fit have each, for scales that compare
    std::int64_t highest = 0;

    [[nodiscard]] std::int64_t scaled(std::int64_t score) const;
  };
  // What the topology has to say of a group.
  struct Candidate {
    const Group* group = nullptr;
    std::int64_t score = 0;
  };
  struct Unfit {
    Verdict verdict;
    ClusterEvents events = 0;
    std::size_t nodes = 0;
  };

  std::size_t start_again(const Cache& cache);
  void judge(const NodeInfo& node);
  void drop(const NodeInfo* node);
  void leave(const NodeInfo* node, const Judgement& judgement);
  void join(const NodeInfo* node, Judgement& judgement);
  void place_by_total(const NodeInfo* node, Judgement& judgement);
  void leave_group(const NodeInfo* node, const Judgement& judgement);
  void join_group(const NodeInfo* node, Judgement& judgement);
  void regroup(const Nodes& nodes);
  [[nodiscard]] std::int64_t total_of(const Judgement& judgement) const;
  void sort_again_if_scales_changed();
  void judge_groups();

  PodInfoPtr pod_;
  std::string kind_;
  std::vector<const FilterPlugin*> filters_;
  std::vector<Scorer> scorers_;
  Topology topology_;
  std::unordered_map<const NodeInfo*, Judgement> judgements_;
  Groups groups_;                               // of those that fit by themselves
  std::vector<Candidate> candidates_;           // groups that fit
  std::vector<Unfit> unfit_;                    // groups that do not
  std::map<std::string, std::size_t> reasons_;  // of nodes that do not fit by themselves
  std::map<const FilterPlugin*, std::size_t> rejected_by_;
  std::size_t resolvable_ = 0;
  std::uint64_t position_ = 0;  // in the cache's log
};

}  // namespace skiff::scheduler
