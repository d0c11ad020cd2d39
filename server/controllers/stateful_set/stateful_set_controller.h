#pragma once

#include "api/client/controller.h"
#include "api/client/event_recorder.h"
#include "server/controllers/context.h"
#include "server/controllers/revisions.h"
#include "server/controllers/stateful_set/plan.h"

#include <string>
#include <vector>

namespace skiff::controllers {

// Keeps the pods of each StatefulSet, with their names and claims, and rolls changes of the template out (keys: the
// set's namespace/name).
//
// Operation: sync() claims revisions and pods, sees to it that the present template has its ControllerRevision, carries
// out what plan_stateful_set() says, writes the status and forgets old revisions. Names are unique, so what was asked
// for and has not been seen yet needs no bookkeeping: a second request is refused. Concurrency: see Context. It will
// not: delete claims (the garbage collector does, by their owners).
class StatefulSetController {
 public:
  static constexpr std::size_t kWorkers = 5;

  explicit StatefulSetController(const Context& context);

  void start();
  Task<void> stop();

 private:
  struct Revisions {
    RevisedSet current;
    RevisedSet update;
    std::vector<api::ObjectPtr> surplus_candidates;  // neither of the two
  };

  void on_pod(const api::ObjectPtr& pod);
  void on_set(const api::ObjectPtr& set);
  void on_claim_gone(const Json& claim);

  Task<api::Result<void>> sync(std::string key);
  Task<api::Result<std::vector<api::ObjectPtr>>> claim_pods(api::ObjectPtr set);
  Task<api::Result<Revisions>> keep_history(api::ObjectPtr set);
  Task<api::Result<api::ObjectPtr>> update_revision(api::ObjectPtr set, HistoryPlan plan);
  Task<api::Result<void>> forget_history(api::ObjectPtr set, Revisions revisions, std::vector<api::ObjectPtr> pods);

  Task<api::Result<void>> carry_out(api::ObjectPtr set, Revisions revisions, StatefulPlan plan);
  Task<api::Result<void>> create_pod(api::ObjectPtr set, Json pod, std::int64_t ordinal);
  Task<api::Result<void>> create_claims(api::ObjectPtr set, std::string pod_name, std::int64_t ordinal);
  Task<api::Result<void>> own_claims(api::ObjectPtr set, api::ObjectPtr pod);
  Task<api::Result<void>> remove_pod(api::ObjectPtr set, api::ObjectPtr pod);
  Task<api::Result<void>> relabel_pod(api::ObjectPtr set, api::ObjectPtr pod);
  // "create Pod web-0 in StatefulSet web successful".
  void report(const Json& set, const char* verb, const std::string& pod_name,
              const api::Result<api::ObjectPtr>& result);

  api::Client& client_;
  const Clock& clock_;
  api::Informer& sets_;
  api::Informer& pods_;
  api::Informer& claims_;
  api::Informer& revisions_;
  api::EventRecorder events_;
  api::Controller controller_;
};

}  // namespace skiff::controllers
