#pragma once

#include "scheduler/cluster_events.h"
#include "scheduler/pod_info.h"

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

namespace skiff::scheduler {

// What a pod that was popped is in the middle of.
struct SchedulingAttempt {
  unsigned number = 0;  // from 1 on
  std::chrono::steady_clock::time_point first_begin;
  std::chrono::steady_clock::time_point begin;
};

// Pods that wait for a node. It only decides who is next: it neither waits nor knows the time. Not thread-safe.
//
//   add() --> active --pop()--> in the scheduler's hands --> bound: remove()
//                ^                |-- reject(): no node fits --> unschedulable --event that may help--+
//                |                '-- put_back(): an error -----> backing off <-----------------------'
//                '---------------------- back-off over ----------------'
//
// A pod backs off for 1 s after its first attempt, doubled with each, up to 10 s. One that no event helps is tried
// again after 5 minutes, should an event have been misjudged.
class SchedulingQueue {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class Place { kActive, kBackingOff, kUnschedulable, kInHand };
  static constexpr std::chrono::seconds kInitialBackoff{1};
  static constexpr std::chrono::seconds kMaxBackoff{10};
  static constexpr std::chrono::minutes kUnschedulableLimit{5};

  void add(const PodInfoPtr& pod);
  // The pod as it is now; `retry` when the change may let it fit, in which case it is tried again at once. Does nothing
  // for pods that are not known.
  void update(const PodInfoPtr& pod, bool retry);
  // Bound, gone, or no longer ours.
  void remove(const std::string& uid);
  [[nodiscard]] bool contains(const std::string& uid) const { return pods_.contains(uid); }

  // The pod of the highest priority, of equal ones the one that waits longest. It stays known until remove(), and must
  // be given back with reject() or put_back() otherwise.
  [[nodiscard]] PodInfoPtr pop(Time now);
  // No node fits. `events`: what may change that.
  void reject(const std::string& uid, ClusterEvents events, Time now);
  // Something failed that had nothing to do with the nodes.
  void put_back(const std::string& uid, Time now);

  // Something happened that may help those who wait for it.
  void happened(ClusterEvents events, Time now);

  // When a pod leaves the back-off or has been unschedulable for too long.
  [[nodiscard]] std::optional<Time> next_due() const;
  [[nodiscard]] std::size_t size() const { return pods_.size(); }
  // How many pods are in that place. May be asked by any thread.
  [[nodiscard]] std::size_t count(Place place) const { return counts_[static_cast<std::size_t>(place)]; }
  // Of a pod that is known, the last one.
  [[nodiscard]] SchedulingAttempt attempt(const std::string& uid) const { return pods_.at(uid).attempt; }

 private:
  struct Entry {
    PodInfoPtr pod;
    Place place = Place::kActive;
    std::uint64_t sequence = 0;  // order of arrival among pods of the same priority
    SchedulingAttempt attempt;
    Time backoff_until;
    Time due;                  // in waiting_, for kBackingOff and kUnschedulable
    ClusterEvents events = 0;  // for kUnschedulable
  };
  using ActiveKey = std::tuple<std::int64_t, std::uint64_t, std::string>;  // -priority, sequence, uid

  [[nodiscard]] static ActiveKey active_key(const Entry& entry);
  void enter(Entry& entry, Place place);
  void leave(Entry& entry);
  void activate(Entry& entry);
  void wait(Entry& entry, Place place, Time due);
  void back_off(Entry& entry, Time now);

  std::unordered_map<std::string, Entry> pods_;       // by uid
  std::array<std::atomic<std::size_t>, 4> counts_{};  // by place
  std::set<ActiveKey> active_;
  std::set<std::pair<Time, std::string>> waiting_;
  // Unschedulable pods by the events that may help them, so that an event does not look at those that it cannot help.
  std::map<ClusterEvents, std::set<std::string>> unschedulable_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace skiff::scheduler
