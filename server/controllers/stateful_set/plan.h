#pragma once

#include "api/base/clock.h"
#include "api/client.h"

#include <optional>
#include <string>
#include <vector>

// What a StatefulSet needs, as pure functions of values; stateful_set_controller.h carries it out.
//
// Ordered (podManagementPolicy OrderedReady), the plan stops at the first pod that is not available: pods come in the
// order of their ordinals, go in the opposite one, and nothing goes before all that should be there are. Parallel, none
// waits for another, but for the rolling update, which goes one pod at a time from the highest ordinal down to
// spec.updateStrategy.rollingUpdate.partition.
namespace skiff::controllers {

// The set with the template of one of its revisions.
struct RevisedSet {
  std::string revision;  // the ControllerRevision's name
  Json set;
};

struct StatefulPlan {
  std::vector<std::int64_t> create;         // ordinals of pods to make
  std::vector<api::ObjectPtr> remove;       // pods to delete
  std::vector<api::ObjectPtr> relabel;      // pods that have lost a label of their identity
  std::vector<api::ObjectPtr> need_claims;  // pods that wait for claims, which may be missing
  // Pods whose claims' owners must follow the retention policy.
  std::vector<api::ObjectPtr> claim_owners;
};
// `pods`: those that belong to the set.
[[nodiscard]] StatefulPlan plan_stateful_set(const RevisedSet& update, const std::vector<api::ObjectPtr>& pods,
                                             TimePoint now);

// Which of the two a pod to be made with that ordinal is of: below the partition the current one.
[[nodiscard]] const RevisedSet& revision_for(const RevisedSet& current, const RevisedSet& update, std::int64_t ordinal);

struct StatefulStatus {
  Json status;
  // When the next pod becomes available by passing minReadySeconds, if one waits for that.
  std::optional<TimePoint> next_available;
};
[[nodiscard]] StatefulStatus stateful_set_status(const RevisedSet& current, const RevisedSet& update,
                                                 const std::vector<api::ObjectPtr>& pods, TimePoint now);

}  // namespace skiff::controllers
