#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "server/controllers/pods.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

// What a ReplicaSet or ReplicationController needs, as pure functions of values; replica_set_controller.h carries it
// out.
namespace skiff::controllers {

struct ReplicaPlan {
  int create = 0;
  std::vector<api::ObjectPtr> remove;
};

// At most so many pods are made or removed by one sync.
inline constexpr int kBurstReplicas = 500;

// The difference between `pods` (the active ones of the ReplicaSet) and spec.replicas. `neighbours` counts by node the
// active pods of all ReplicaSets with the same owner: of pods that are doubled up on a node some go first.
[[nodiscard]] ReplicaPlan plan_replicas(const Json& replica_set, const std::vector<api::ObjectPtr>& pods,
                                        const std::map<std::string, int>& neighbours, TimePoint now);

// Which of the pods are removed first, as upstream ranks them: unassigned, pending, not ready, cheap by the annotation
// controller.kubernetes.io/pod-deletion-cost, doubled up on a node, ready for a shorter time, restarted more often,
// younger.
void sort_for_deletion(std::vector<api::ObjectPtr>& pods, const std::map<std::string, int>& neighbours, TimePoint now);

struct ReplicaSetStatus {
  Json status;
  // When the next pod becomes available by passing minReadySeconds, if one waits for that.
  std::optional<TimePoint> next_available;
};
[[nodiscard]] ReplicaSetStatus replica_set_status(const Json& replica_set, const std::vector<api::ObjectPtr>& pods,
                                                  const std::optional<PodFailure>& failure, TimePoint now);

}  // namespace skiff::controllers
