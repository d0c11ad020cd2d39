#pragma once

#include "api/base/clock.h"
#include "server/controllers/pods.h"
#include "server/controllers/replica_set/replica_tally.h"

#include <optional>

// What a ReplicaSet or ReplicationController needs, as pure functions of values; replica_set_controller.h carries it
// out.
namespace skiff::controllers {

// How many pods to make or to remove.
struct ReplicaPlan {
  std::size_t create = 0;
  std::size_t remove = 0;
};

// At most so many pods are made or removed by one sync.
inline constexpr std::size_t kBurstReplicas = 500;

// The difference between the pods that are active and spec.replicas.
[[nodiscard]] ReplicaPlan plan_replicas(const Json& replica_set, std::size_t active);

[[nodiscard]] Json replica_set_status(const Json& replica_set, const ReplicaCounts& counts,
                                      const std::optional<PodFailure>& failure, TimePoint now);

}  // namespace skiff::controllers
