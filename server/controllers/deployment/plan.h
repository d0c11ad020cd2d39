#pragma once

#include "api/base/clock.h"
#include "api/client.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

// What one sync of a Deployment does, as a pure function of values; deployment_controller.h carries it out.
namespace skiff::controllers {

// A ReplicaSet that is written again. Its size may or may not differ.
struct ReplicaSetUpdate {
  api::ObjectPtr old_set;
  Json new_set;  // with the resourceVersion of the old one
};

struct DeploymentPlan {
  // In the order in which it is carried out; the first failure ends it.
  std::optional<Json> create;
  std::vector<ReplicaSetUpdate> update;
  std::vector<api::ObjectPtr> remove;
  // The Deployment's revision annotation, when it changes.
  std::optional<std::string> revision;
  // The whole status.
  Json status;
  std::optional<TimePoint> check_again_at;
};

// Pods that have not finished, by the uid of the ReplicaSet that controls them.
using PodCounts = std::map<std::string, int>;

// `sets` are the ReplicaSets that the Deployment owns. `pods` is used only for the strategy Recreate.
[[nodiscard]] DeploymentPlan plan_deployment(const Json& deployment, const std::vector<api::ObjectPtr>& sets,
                                             const PodCounts& pods, TimePoint now);

// The status of a Deployment whose new ReplicaSet could not be made.
[[nodiscard]] Json status_of_failed_create(const Json& deployment, const std::string& set_name,
                                           const std::string& message, TimePoint now);

}  // namespace skiff::controllers
