#pragma once

#include "api/client/controller.h"
#include "api/client/event_recorder.h"
#include "server/controllers/context.h"
#include "server/controllers/disruption/budget_status.h"

#include <string>
#include <vector>

namespace skiff::controllers {

// Keeps the status of each PodDisruptionBudget (keys: its namespace/name), from which evictions take.
//
// Operation: a change of a pod enqueues the budgets of its namespace that cover it, after a moment, so that pods that
// change together count together. What an eviction noted in status.disruptedPods stays until its pod is seen to go, or
// for two minutes. A budget whose pods cannot be counted allows nothing. Concurrency: see Context. It will not: evict.
class DisruptionController {
 public:
  static constexpr std::size_t kWorkers = 4;

  explicit DisruptionController(const Context& context);

  void start();
  Task<void> stop();

 private:
  void on_pod(const api::ObjectPtr& old_pod, const api::ObjectPtr& pod);
  Task<api::Result<void>> sync(std::string key);
  // An error is for people: why the pods' controllers give no scale.
  [[nodiscard]] skiff::Result<ExpectedScale> expected_scale(const std::vector<api::ObjectPtr>& pods) const;
  [[nodiscard]] skiff::Result<int> scale_of(const Json& owner, const std::string& namespace_,
                                            std::string& scaled_uid) const;
  [[nodiscard]] std::vector<api::ObjectPtr> pods_of(const Json& budget) const;

  api::Client& client_;
  const Clock& clock_;
  api::Informer& budgets_;
  api::Informer& pods_;
  api::Informer& replica_sets_;
  api::Informer& replication_controllers_;
  api::Informer& stateful_sets_;
  api::Informer& deployments_;
  api::EventRecorder events_;
  api::Controller controller_;
};

}  // namespace skiff::controllers
