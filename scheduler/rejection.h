#pragma once

#include "scheduler/cluster_events.h"

#include <cstddef>
#include <map>
#include <string>

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

}  // namespace skiff::scheduler
