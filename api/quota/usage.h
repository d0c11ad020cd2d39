#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "api/views/pod_resources.h"

#include <string>
#include <string_view>

// What objects use of a ResourceQuota, by the names that its lists have: "pods", "requests.cpu", "services.nodeports",
// "count/jobs.batch". Admission and the quota controller both count with these functions. Plain functions of values.
namespace skiff::api::quota {

// A kind, as quotas name it.
struct CountedKind {
  std::string_view group;  // "" for core
  std::string_view plural;
};

// Whether quotas count objects of the kind at all. Events are too many, and go by themselves.
[[nodiscard]] bool is_counted(const CountedKind& kind);

// Whether objects of the kind can use a resource of this name.
[[nodiscard]] bool uses(const CountedKind& kind, std::string_view name);

// What an object uses. A pod that has ended, or that has been deleted for longer than its grace period, counts only
// among "count/pods".
[[nodiscard]] ResourceAmounts usage_of(const CountedKind& kind, const Json& object, TimePoint now);

// Upstream's rule for pods that cpu or memory is counted of: each container must say how much it takes. The names of
// the quota's that are missing, with the containers that miss them ("limits.cpu for: a,b; requests.memory for: b");
// empty when nothing is missing.
[[nodiscard]] std::string missing_amounts(const Json& pod, const ResourceAmounts& hard);

// Whether the object is one that a ResourceQuota is about: spec.scopes and spec.scopeSelector all match. Only pods
// match any scope.
[[nodiscard]] bool matches_scopes(const Json& quota, const CountedKind& kind, const Json& object);

}  // namespace skiff::api::quota
