#include "server/controllers/replica_set/plan.h"

#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "server/controllers/write_status.h"

#include <algorithm>

namespace skiff::controllers {

ReplicaPlan plan_replicas(const Json& replica_set, std::size_t active) {
  const auto wanted = static_cast<std::size_t>(integer_at(replica_set, {"spec", "replicas"}, 1));
  ReplicaPlan plan;
  if (active < wanted) plan.create = std::min(wanted - active, kBurstReplicas);
  if (active > wanted) plan.remove = std::min(active - wanted, kBurstReplicas);
  return plan;
}

Json replica_set_status(const Json& replica_set, const ReplicaCounts& counts, const std::optional<PodFailure>& failure,
                        TimePoint now) {
  Json updated = {{"status", replica_set.value("status", Json::object())}};
  if (!failure) {
    api::remove_condition(updated, "ReplicaFailure");
  } else if (api::find_condition(updated, "ReplicaFailure") == nullptr) {
    const api::Condition condition{"ReplicaFailure", "True", failure->reason, failure->message};
    api::set_condition(updated, condition, now);
  }
  // Upstream leaves counters out that are zero, except `replicas`.
  Json status = {{"replicas", counts.active}};
  set_count(status, "fullyLabeledReplicas", static_cast<std::int64_t>(counts.fully_labeled));
  set_count(status, "readyReplicas", static_cast<std::int64_t>(counts.ready));
  set_count(status, "availableReplicas", static_cast<std::int64_t>(counts.available));
  set_count(status, "observedGeneration", api::generation_of(replica_set));
  const Json* conditions = find(updated, {"status", "conditions"});
  if (conditions != nullptr && !conditions->empty()) status["conditions"] = *conditions;
  return status;
}

}  // namespace skiff::controllers
