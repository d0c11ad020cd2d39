#pragma once

#include "scheduler/framework.h"

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

// The decision for one pod: filter, score, choose. No waiting, no writing.
namespace skiff::scheduler {

// Why no node fits.
struct Rejection {
  std::size_t nodes = 0;                      // how many there are
  std::map<std::string, std::size_t> counts;  // of nodes by reason
  std::size_t resolvable = 0;                 // nodes where removing other pods could help
  ClusterEvents events = kNodeAdded;          // what may help
  std::string broken;                         // what kept a plugin from answering; empty: nothing did
  std::string everywhere;                     // why no node was even looked at, instead of `counts`

  // "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: ...", as upstream words it.
  // `may_preempt`: the pod's preemptionPolicy is not Never.
  [[nodiscard]] std::string message(bool may_preempt) const;
};

struct Placement {
  const NodeInfo* node = nullptr;  // null: see `rejection`
  Rejection rejection;
};

// How many nodes that fit are enough: all of a small cluster, a shrinking share (50 % to 5 %) of a large one, at least
// 100.
[[nodiscard]] std::size_t feasible_nodes_to_find(std::size_t nodes);

// Finds nodes for one pod after the other. Remembers only where the last search ended, so that in a large cluster each
// search looks at other nodes; and chooses by chance among the best.
class Placer {
 public:
  explicit Placer(std::uint32_t seed) : random_(seed) {}

  // `further`: filters for this decision alone, asked after those that are always there.
  [[nodiscard]] Placement place(const PodInfo& pod, const std::vector<const NodeInfo*>& nodes,
                                const std::vector<FilterPlugin>& further = {});

 private:
  [[nodiscard]] std::vector<const NodeInfo*> feasible(const PodInfo& pod, const std::vector<const NodeInfo*>& nodes,
                                                      const std::vector<FilterPlugin>& further, Rejection& rejection);
  [[nodiscard]] const NodeInfo* best(const PodInfo& pod, const std::vector<const NodeInfo*>& nodes);

  std::minstd_rand random_;
  std::size_t next_start_ = 0;
};

}  // namespace skiff::scheduler
