#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "api/views/conditions.h"
#include "server/controllers/deployment/rollout.h"

#include <optional>
#include <string>
#include <vector>

// The status of a Deployment: counters and the conditions Available, Progressing and ReplicaFailure. Pure functions of
// values.
namespace skiff::controllers {

// Progressing's reasons, as clients ("kubectl rollout status") know them.
inline constexpr const char* kNewReplicaSetCreated = "NewReplicaSetCreated";
inline constexpr const char* kFoundNewReplicaSet = "FoundNewReplicaSet";
inline constexpr const char* kReplicaSetUpdated = "ReplicaSetUpdated";
inline constexpr const char* kReplicaSetCreateError = "ReplicaSetCreateError";
inline constexpr const char* kNewReplicaSetAvailable = "NewReplicaSetAvailable";
inline constexpr const char* kProgressDeadlineExceeded = "ProgressDeadlineExceeded";
inline constexpr const char* kDeploymentPaused = "DeploymentPaused";
inline constexpr const char* kDeploymentResumed = "DeploymentResumed";

// The longest time without progress; nothing when the Deployment sets none.
[[nodiscard]] std::optional<std::chrono::seconds> progress_deadline(const Json& deployment);

// Puts the condition at the end of status.conditions, where upstream has the one that changed last. One of the same
// status and reason stays as it is.
void set_deployment_condition(Json& deployment, const api::Condition& condition, TimePoint now);

// Notes in Progressing that the Deployment has been paused or resumed.
void set_pause_condition(Json& deployment, TimePoint now);

// Counters and the condition Available, from the statuses of its ReplicaSets (`new_set` may be null and is one of
// `sets`). The answer is the whole status; conditions come from `deployment`.
[[nodiscard]] Json counted_status(const Json& deployment, const RolloutSpec& spec,
                                  const std::vector<api::ObjectPtr>& sets, const api::ObjectPtr& new_set,
                                  TimePoint now);

// Whether all replicas are of the new template, available, and none else are left. `status` is the Deployment's newest.
[[nodiscard]] bool is_complete(const Json& deployment, const Json& status, const RolloutSpec& spec);

// counted_status() together with Progressing and ReplicaFailure. `new_set_name` is "" when there is no new ReplicaSet.
[[nodiscard]] Json rollout_status(const Json& deployment, const RolloutSpec& spec,
                                  const std::vector<api::ObjectPtr>& sets, const api::ObjectPtr& new_set,
                                  const std::string& new_set_name, TimePoint now);

// When a Deployment of that status has to be looked at again because its progress deadline ends; nothing when it has
// none, is or was complete, or has failed already.
[[nodiscard]] std::optional<TimePoint> progress_check_time(const Json& deployment, const Json& status,
                                                           const RolloutSpec& spec);

}  // namespace skiff::controllers
