#pragma once

#include "api/client/controller.h"
#include "api/client/event_recorder.h"
#include "server/controllers/context.h"
#include "server/controllers/deployment/plan.h"

#include <string>
#include <vector>

namespace skiff::controllers {

// Rolls Deployments out by making and sizing ReplicaSets (keys: the Deployment's namespace/name).
//
// Operation: sync() claims the ReplicaSets that match, asks plan_deployment() for the next step, and carries it out.
// Each write comes back as an event and so causes the next step. Concurrency: see Context. It will not: make pods
// (ReplicaSetController does), or look at them, except to wait for old ones with strategy Recreate.
class DeploymentController {
 public:
  static constexpr std::size_t kWorkers = 8;

  explicit DeploymentController(const Context& context);

  void start();
  Task<void> stop();

 private:
  void on_replica_set(const api::ObjectPtr& replica_set);
  void on_pod_gone(const api::ObjectPtr& pod);
  [[nodiscard]] api::ObjectPtr controller_deployment(const Json& replica_set) const;

  Task<api::Result<void>> sync(std::string key);
  Task<api::Result<void>> carry_out(std::string key, api::ObjectPtr deployment, DeploymentPlan plan);
  Task<api::Result<void>> create_set(api::ObjectPtr deployment, Json set);
  // Another object stands where the new ReplicaSet should be: it may be ours, or the hash must change.
  Task<api::Result<void>> resolve_collision(api::ObjectPtr deployment, Json set);
  Task<api::Result<void>> update_set(api::ObjectPtr deployment, ReplicaSetUpdate update);
  [[nodiscard]] PodCounts count_pods(const std::vector<api::ObjectPtr>& sets) const;

  api::Client& client_;
  const Clock& clock_;
  api::Informer& deployments_;
  api::Informer& replica_sets_;
  api::Informer& pods_;
  api::EventRecorder events_;
  api::Controller controller_;
};

}  // namespace skiff::controllers
