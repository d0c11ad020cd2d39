#pragma once

#include "api/client/controller.h"
#include "server/controllers/context.h"
#include "server/controllers/daemon_set/failed_pod_backoff.h"
#include "server/controllers/daemon_set/history.h"
#include "server/controllers/daemon_set/plan.h"
#include "server/controllers/owned_pods.h"

#include <string>
#include <vector>

namespace skiff::controllers {

// Keeps a pod of each DaemonSet on every node that fits, and rolls changes of the template out (keys: the DaemonSet's
// namespace/name).
//
// Operation: sync() claims revisions and pods, sees to it that the present template has its ControllerRevision, makes
// and removes what plan_daemon_set() says, writes the status and forgets old revisions. Nodes that come, change or go
// cause syncs, too. Concurrency: see Context. It will not: bind its pods (the scheduler does, to the only node that
// their affinity allows).
class DaemonSetController {
 public:
  static constexpr std::size_t kWorkers = 2;

  explicit DaemonSetController(const Context& context);

  void start();
  Task<void> stop();

 private:
  void on_node_changed(const api::ObjectPtr& old_node, const api::ObjectPtr& node);
  void on_revision(const api::ObjectPtr& revision);
  void enqueue_all();
  void enqueue_soon(const std::string& key);

  Task<api::Result<void>> sync(std::string key);
  // The hash of the present template's revision, which is made or renumbered first.
  Task<api::Result<std::string>> keep_history(api::ObjectPtr daemon_set, HistoryPlan plan);
  Task<api::Result<std::string>> create_revision(api::ObjectPtr daemon_set, std::int64_t number);
  Task<api::Result<void>> drop_duplicate(api::ObjectPtr revision, std::string hash, std::vector<api::ObjectPtr> pods);
  Task<api::Result<void>> act(std::string key, api::ObjectPtr daemon_set, DaemonPlan plan, std::string hash);
  Task<api::Result<void>> remove_revisions(std::vector<api::ObjectPtr> revisions);
  void report_ended(const Json& daemon_set, const DaemonPlan& plan);

  api::Client& client_;
  const Clock& clock_;
  api::Informer& daemon_sets_;
  api::Informer& nodes_;
  api::Informer& revisions_;
  FailedPodBackoff backoff_;
  api::Controller controller_;
  OwnedPods pods_;
};

}  // namespace skiff::controllers
