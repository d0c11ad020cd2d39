#pragma once

#include "api/client/controller.h"
#include "api/client/event_recorder.h"
#include "server/controllers/context.h"
#include "server/controllers/cron_job/plan.h"

#include <string>
#include <vector>

namespace skiff::controllers {

// Starts a Job whenever a CronJob's schedule says so (keys: the CronJob's namespace/name).
//
// Operation: sync() takes away Jobs beyond the history limits, brings the list of active Jobs up to date, starts the
// Job that is due as the concurrency policy allows, writes the status and asks to be called again at the next moment of
// the schedule. A Job's name follows from that moment, so that none is started twice. Concurrency: see Context. It will
// not: catch up on more than the latest moment that was missed.
class CronJobController {
 public:
  static constexpr std::size_t kWorkers = 5;

  explicit CronJobController(const Context& context);

  void start();
  Task<void> stop();

 private:
  // A CronJob during one sync: `status` is what will be written.
  struct Round {
    api::ObjectPtr cron_job;
    Json status;
  };

  void on_job(const api::ObjectPtr& job);

  Task<api::Result<void>> sync(std::string key);
  Task<api::Result<void>> forget_history(Round& round, std::vector<api::ObjectPtr> jobs);
  Task<api::Result<void>> follow_jobs(Round& round, std::vector<api::ObjectPtr> jobs);
  Task<api::Result<void>> follow_missing(Round& round, std::vector<api::ObjectPtr> jobs);
  Task<api::Result<void>> run_schedule(std::string key, Round& round);
  Task<api::Result<void>> start_due(Round& round, const api::TimeZone& zone, TimePoint due);
  Task<api::Result<void>> replace_active(Round& round);
  Task<api::Result<void>> remove_job(Round& round, api::ObjectPtr job);

  api::Client& client_;
  const Clock& clock_;
  api::Informer& cron_jobs_;
  api::Informer& jobs_;
  api::EventRecorder events_;
  api::Controller controller_;
};

}  // namespace skiff::controllers
