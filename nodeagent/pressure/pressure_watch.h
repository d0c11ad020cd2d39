#pragma once

#include "api/base/clock.h"
#include "api/base/task.h"
#include "nodeagent/pressure/node_pressure.h"
#include "nodeagent/pressure/pod_use.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace skiff::nodeagent {

// Watches what a node runs low on, reports it, and, where it may, ends pods before the kernel does.
//
// Operation: it measures every 10 s while there are pods on the node, or pressure that was reported, which is some tens
// of microseconds of work. Otherwise nothing can be evicted and nobody is kept from the node, so that it waits for the
// first pod. Of crossed thresholds it sees to one at a time, memory first: what nobody uses goes before
// any pod does (on the disk), then one pod, and the next when that has ended. Concurrency: everything on the executor
// given; figures are read on the pool.
// It will not: report pressure that the thresholds do not speak of, or evict on the strength of figures from before the
// last eviction.
class PressureWatch {
 public:
  struct Options {
    std::vector<EvictionThreshold> thresholds;
    bool evict = false;  // false: pressure is reported and nothing more
    std::chrono::nanoseconds transition_period = std::chrono::minutes(5);
    std::chrono::milliseconds period = std::chrono::seconds(10);  // upstream's
    std::function<NodeFigures()> measure;                         // blocks
  };
  // What it needs of its owner.
  struct Owner {
    std::function<bool()> has_pods;
    std::function<void(const NodePressure&)> report;
    std::function<void(std::string reason, std::string message)> warn;  // about the node
    std::function<Task<void>()> reclaim_disk;                           // removes what nobody uses
    std::function<Task<std::vector<PodUse>>(EvictionSignal)> find_candidates;
    std::function<void(const PodUse& pod, std::string message)> evict;
    std::function<bool(const std::string& uid)> is_running;
  };

  // `clock` and `pool` outlive it.
  PressureWatch(Options options, Owner owner, const Clock& clock, asio::any_io_executor executor,
                asio::thread_pool& pool);

  // Returns when it has looked once.
  Task<void> start();
  Task<void> stop();
  // There is a pod on the node.
  void pod_came();

  // One look, and what follows from it: what start() does again and again.
  Task<void> look();

  // Why the node does not take the pod now; nothing when it only reports.
  [[nodiscard]] std::optional<std::string> refuses(const Json& pod) const;

 private:
  Task<void> run();
  Task<NodeFigures> measure();
  Task<void> relieve(EvictionThreshold crossed, NodeFigures figures);
  [[nodiscard]] bool is_evicting() const;
  [[nodiscard]] bool may_rest() const { return !owner_.has_pods() && !pressure_.any(); }

  const Options options_;
  const Owner owner_;
  const Clock& clock_;
  asio::thread_pool& pool_;
  Signal wake_;
  TaskGroup tasks_;
  PressureHistory history_;
  NodePressure pressure_;
  std::set<EvictionSignal> told_;  // what is being reclaimed
  std::string evicted_;            // the uid of the pod that was evicted last
  TimePoint evicted_at_;
  bool resting_ = false;
  bool stopping_ = false;
};

}  // namespace skiff::nodeagent
