#pragma once

#include "api/base/json.h"

#include <cstdint>

// The annotations by which a Deployment and its ReplicaSets keep their history ("kubectl rollout history").
namespace skiff::controllers {

inline constexpr const char* kRevisionAnnotation = "deployment.kubernetes.io/revision";
inline constexpr const char* kRevisionHistoryAnnotation = "deployment.kubernetes.io/revision-history";
inline constexpr const char* kDesiredReplicasAnnotation = "deployment.kubernetes.io/desired-replicas";
inline constexpr const char* kMaxReplicasAnnotation = "deployment.kubernetes.io/max-replicas";

// 0 when the object has none.
[[nodiscard]] std::int64_t revision_of(const Json& object);

// Gives the new ReplicaSet the Deployment's annotations and, if it is newer than its own, the revision; the one it had
// goes into its revision-history.
void set_revision_annotations(Json& replica_set, const Json& deployment, std::int64_t revision);

// Notes for which size of the Deployment the ReplicaSet was scaled.
void set_replicas_annotations(Json& replica_set, int desired, int max);

}  // namespace skiff::controllers
