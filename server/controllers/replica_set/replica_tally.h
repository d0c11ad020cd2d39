#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "api/selector.h"
#include "server/controllers/replica_set/deletion_order.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace skiff::controllers {

// How many pods a ReplicaSet has, and how they are.
struct ReplicaCounts {
  std::size_t active = 0;  // neither finished nor being deleted, as all that follow
  std::size_t fully_labeled = 0;
  std::size_t ready = 0;
  std::size_t available = 0;
  // When the next pod becomes available by passing minReadySeconds, if one waits for that.
  std::optional<TimePoint> next_available;
};

// The pods of one ReplicaSet in numbers. Pods of the same labels, that is as a rule all of them, are counted together:
// to add one, to take one away and to read the numbers costs the same however many there are.
class ReplicaTally {
  struct Group;

 public:
  // A pod as it was counted.
  class Entry {
    friend ReplicaTally;
    Group* group = nullptr;
    bool active = false;
    bool ready = false;                    // and active
    std::optional<TimePoint> ready_since;  // if it says so
  };

  Entry add(const Json& pod);
  void remove(const Entry& entry);
  [[nodiscard]] bool empty() const { return groups_.empty(); }

  // Whether it is one of those that count as replicas of an owner with this selector.
  [[nodiscard]] static bool is_replica(const Entry& entry, const api::LabelSelector& selector);
  // Whether the selector matches all pods, also those that are not active.
  [[nodiscard]] bool all_match(const api::LabelSelector& selector) const;
  [[nodiscard]] ReplicaCounts counts(const Json& replica_set, TimePoint now) const;

 private:
  struct Group {
    Json labels;
    std::size_t pods = 0;
    std::size_t active = 0;
    std::size_t ready = 0;
    std::size_t timed = 0;                         // ready ones that say since when
    std::map<TimePoint, std::size_t> ready_since;  // these, by time
  };

  std::map<std::string, Group> groups_;  // by the text of the labels
};

// A ReplicaTally for each owner of one kind, from what an informer of pods tells; and what decides which of the owner's
// pods would be removed first, so that nobody has to parse them all again for that.
class ReplicaTallies {
 public:
  // `kind`: of the owners, "ReplicaSet".
  explicit ReplicaTallies(std::string kind) : kind_(std::move(kind)) {}

  // The pod as it is now, in place of what was counted of it before.
  void set(const Json& pod);
  void remove(const std::string& pod_uid);

  // The owner's; empty when it has no pods. Good until the next change.
  [[nodiscard]] const ReplicaTally& of(const std::string& owner_uid) const;
  // The owner's active pods that match the selector, in no order. Good until the next change.
  [[nodiscard]] std::vector<const DeletionCandidate*> replicas(const std::string& owner_uid,
                                                               const api::LabelSelector& selector) const;

 private:
  struct Counted {
    ReplicaTally::Entry entry;
    DeletionCandidate candidate;
  };
  struct Owner {
    std::string uid;
    ReplicaTally tally;
    std::unordered_map<std::string, Counted> pods;  // by uid
  };

  const std::string kind_;
  std::unordered_map<std::string, Owner> owners_;         // by uid; only those with pods
  std::unordered_map<std::string, Owner*> owner_of_pod_;  // by the pod's uid
};

}  // namespace skiff::controllers
