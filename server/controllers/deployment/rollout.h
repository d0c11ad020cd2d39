#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// The arithmetic of rolling updates: how many replicas each ReplicaSet of a Deployment should have next. Pure functions
// of values; plan.h turns objects into these values and sizes into writes.
namespace skiff::controllers {

// What a rollout wants: a Deployment's spec with percentages resolved.
struct RolloutSpec {
  int replicas = 1;
  bool recreate = false;
  // Zero both when `recreate`; never zero both otherwise.
  int max_surge = 0;
  int max_unavailable = 0;
};
[[nodiscard]] RolloutSpec rollout_spec(const Json& deployment);

// What a rollout knows of a ReplicaSet.
struct SetSize {
  std::string name;
  TimePoint created;
  int replicas = 0;   // spec
  int available = 0;  // status
  // The annotations: what the Deployment wanted when this one was last scaled.
  std::optional<int> desired_replicas;
  std::optional<int> max_replicas;
};

// New sizes by the ReplicaSet's name; those that keep theirs are left out.
using Sizes = std::map<std::string, int>;

// How large the new ReplicaSet may be now, next to all (the new one included).
[[nodiscard]] int new_set_size(const RolloutSpec& spec, const SetSize& new_set, const std::vector<SetSize>& all);

// Takes old replicas away as far as availability allows: unhealthy ones first, then from the oldest ReplicaSet on.
[[nodiscard]] Sizes shrink_old_sets(const RolloutSpec& spec, const std::optional<SetSize>& new_set,
                                    std::vector<SetSize> old_sets);

// Whether the Deployment itself was scaled since the ReplicaSets were.
[[nodiscard]] bool is_scaling_event(const RolloutSpec& spec, const std::vector<SetSize>& all);

// Spreads a changed number of replicas over the ReplicaSets of a rollout that is under way or paused, in proportion to
// their sizes. `status_replicas` is the Deployment's status.replicas.
[[nodiscard]] Sizes scale_proportionally(const RolloutSpec& spec, const std::optional<SetSize>& new_set,
                                         const std::vector<SetSize>& old_sets, int status_replicas);

}  // namespace skiff::controllers
