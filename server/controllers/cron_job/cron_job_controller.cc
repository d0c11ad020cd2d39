#include "server/controllers/cron_job/cron_job_controller.h"

#include "api/client/indexes.h"
#include "api/views/meta.h"
#include "server/controllers/keys.h"
#include "server/controllers/namespace_child.h"
#include "server/controllers/write_status.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

// A sync that comes a moment too early would find nothing due.
constexpr std::chrono::milliseconds kAfterDue{100};

// status.active, a list of references.
Json& active_of(Json& status) {
  Json& active = status["active"];
  if (!active.is_array()) active = Json::array();
  return active;
}

bool is_listed_active(Json& status, const std::string& uid) {
  const Json& active = active_of(status);
  return std::any_of(active.begin(), active.end(), [&](const Json& each) { return string_at(each, {"uid"}) == uid; });
}

bool is_active_by_name(Json& status, const std::string& name) {
  const Json& active = active_of(status);
  return std::any_of(active.begin(), active.end(), [&](const Json& each) { return string_at(each, {"name"}) == name; });
}

void drop_active(Json& status, const std::string& uid) {
  Json left = Json::array();
  for (const Json& each : active_of(status)) {
    if (string_at(each, {"uid"}) != uid) left.push_back(each);
  }
  status["active"] = std::move(left);
}

// As Go's RFC1123Z: "Sun, 22 Nov 2026 12:00:00 +0000".
std::string http_time(TimePoint time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &parts);
  return text;
}

}  // namespace

CronJobController::CronJobController(const Context& context)
    : client_(context.client),
      clock_(context.clock),
      cron_jobs_(context.informers.informer(api::kCronJobs)),
      jobs_(context.informers.informer(api::kJobs)),
      events_(context.executor, context.client, context.clock, api::EventRecorder::Source{"cronjob-controller", ""}),
      controller_(context.executor, context.queue_metrics, "cronjob", kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }) {
  jobs_.add_index(api::kByController, api::by_controller);
  api::InformerHandlers cron_jobs;
  cron_jobs.added = [this](const ObjectPtr& cron_job) { controller_.enqueue(key_text(*cron_job)); };
  cron_jobs.updated = [this](const ObjectPtr&, const ObjectPtr& cron_job) { controller_.enqueue(key_text(*cron_job)); };
  cron_jobs_.add_handlers(std::move(cron_jobs));
  api::InformerHandlers jobs;
  jobs.added = [this](const ObjectPtr& job) { on_job(job); };
  jobs.updated = [this](const ObjectPtr&, const ObjectPtr& job) { on_job(job); };
  jobs.deleted = jobs.added;
  jobs_.add_handlers(std::move(jobs));
}

void CronJobController::start() {
  events_.start();
  controller_.start();
}

Task<void> CronJobController::stop() {
  co_await controller_.stop();
  co_await events_.stop();
}

void CronJobController::on_job(const ObjectPtr& job) {
  const Json* owner = api::controller_of(*job);
  if (owner == nullptr || string_at(*owner, {"kind"}) != api::kCronJobs.kind) return;
  const ObjectPtr cron_job = cron_jobs_.cache().get({api::namespace_of(*job), string_at(*owner, {"name"})});
  if (cron_job && api::uid_of(*cron_job) == string_at(*owner, {"uid"})) controller_.enqueue(key_text(*cron_job));
}

Task<api::Result<void>> CronJobController::sync(std::string key) {
  const ObjectPtr cron_job = cron_jobs_.cache().get(parse_key(key));
  if (!cron_job) co_return api::Result<void>();
  Round round{cron_job, cron_job->value("status", Json::object())};
  const std::vector<ObjectPtr> jobs = jobs_.cache().by_index(api::kByController, api::uid_of(*cron_job));
  api::Result<void> done = co_await forget_history(round, jobs);
  if (done) done = co_await follow_jobs(round, jobs);
  if (done && !api::is_terminating(*cron_job)) done = co_await run_schedule(key, round);
  if (active_of(round.status).empty()) round.status.erase("active");
  // What has been started must be noted even when something failed after it.
  const api::Result<void> written = co_await write_status(client_, api::kCronJobs, cron_job, std::move(round.status));
  if (!done) co_return done.error();
  co_return written;
}

Task<api::Result<void>> CronJobController::forget_history(Round& round, std::vector<ObjectPtr> jobs) {
  for (const ObjectPtr& job : surplus_jobs(*round.cron_job, jobs)) {
    const api::Result<void> removed = co_await remove_job(round, job);
    if (!removed) co_return removed.error();
  }
  co_return api::Result<void>();
}

Task<api::Result<void>> CronJobController::follow_jobs(Round& round, std::vector<ObjectPtr> jobs) {
  for (const ObjectPtr& job : jobs) {
    const std::string name = api::name_of(*job);
    const std::string uid = api::uid_of(*job);
    const std::optional<std::string> end = end_of_job(*job);
    const bool known = is_listed_active(round.status, uid);
    if (!known && !end && !is_active_by_name(round.status, name)) {
      // The cache may not show yet what the last sync has written.
      const api::NamespacedName cron_job = api::key_of(*round.cron_job);
      const auto live = co_await client_.get(api::kCronJobs, cron_job);
      if (!live) co_return live.error();
      Json live_status = (*live)->value("status", Json::object());
      if (is_listed_active(live_status, uid)) continue;
      events_.warning(*round.cron_job, "UnexpectedJob",
                      "Saw a job that the controller did not create or forgot: " + name);
    } else if (known && end) {
      drop_active(round.status, uid);
      events_.normal(*round.cron_job, "SawCompletedJob", "Saw completed job: " + name + ", condition: " + *end);
    }
    const std::string completed = string_at(*job, {"status", "completionTime"});
    const bool is_later = completed > string_at(round.status, {"lastSuccessfulTime"});
    if (end == "Complete" && is_later) round.status["lastSuccessfulTime"] = completed;
  }
  co_return co_await follow_missing(round, std::move(jobs));
}

// Jobs of the list that the cache does not show: gone, unless it is behind.
Task<api::Result<void>> CronJobController::follow_missing(Round& round, std::vector<ObjectPtr> jobs) {
  const Json active = active_of(round.status);
  for (const Json& reference : active) {
    const std::string uid = string_at(reference, {"uid"});
    const bool is_known =
        std::any_of(jobs.begin(), jobs.end(), [&](const ObjectPtr& job) { return api::uid_of(*job) == uid; });
    if (is_known) continue;
    const api::NamespacedName name{api::namespace_of(*round.cron_job), string_at(reference, {"name"})};
    const auto live = co_await client_.get(api::kJobs, name);
    if (live && api::uid_of(**live) == uid) continue;
    if (!live && live.error().reason != api::Reason::kNotFound) co_return live.error();
    drop_active(round.status, uid);
    events_.normal(*round.cron_job, "MissingJob", "Active job went missing: " + name.name);
  }
  co_return api::Result<void>();
}

Task<api::Result<void>> CronJobController::run_schedule(std::string key, Round& round) {
  const Json& cron_job = *round.cron_job;
  const std::string zone_name = string_at(cron_job, {"spec", "timeZone"});
  const auto zone = api::TimeZone::load(zone_name);
  if (!zone) {
    events_.warning(cron_job, "UnknownTimeZone", "invalid timeZone: \"" + zone_name + "\": " + zone.error().message);
    co_return api::Result<void>();
  }
  if (bool_at(cron_job, {"spec", "suspend"})) co_return api::Result<void>();
  const std::string text = string_at(cron_job, {"spec", "schedule"});
  const auto schedule = api::CronSchedule::parse(text);
  if (!schedule) {
    events_.warning(cron_job, "UnparseableSchedule",
                    "unparseable schedule: \"" + text + "\" : " + schedule.error().message);
    co_return api::Result<void>();
  }
  const TimePoint now = clock_.now();
  const StartTimes times = start_times(cron_job, *schedule, **zone, now);
  if (times.many_missed) {
    events_.warning(cron_job, "TooManyMissedTimes",
                    "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
  }
  api::Result<void> started;
  if (times.due) started = co_await start_due(round, **zone, *times.due);
  Json after = cron_job;
  after["status"] = round.status;
  const auto next = next_start(after, *schedule, **zone, now);
  if (next) controller_.enqueue_after(key, *next - now + kAfterDue);
  co_return started;
}

Task<api::Result<void>> CronJobController::start_due(Round& round, const api::TimeZone& zone, TimePoint due) {
  const Json& cron_job = *round.cron_job;
  const Json* deadline = find(cron_job, {"spec", "startingDeadlineSeconds"});
  if (deadline != nullptr && due + std::chrono::seconds(deadline->get<std::int64_t>()) < clock_.now()) {
    events_.warning(cron_job, "MissSchedule", "Missed scheduled time to start a job: " + http_time(due));
    co_return api::Result<void>();
  }
  const std::string name = job_name(cron_job, due);
  const bool was_started =
      is_active_by_name(round.status, name) || string_at(round.status, {"lastScheduleTime"}) == format_time(due);
  if (was_started) co_return api::Result<void>();
  const std::string policy = string_at(cron_job, {"spec", "concurrencyPolicy"});
  if (policy == "Forbid" && !active_of(round.status).empty()) {
    events_.normal(cron_job, "JobAlreadyActive",
                   "Not starting job because prior execution is running and concurrency policy is Forbid");
    co_return api::Result<void>();
  }
  if (policy == "Replace") {
    const api::Result<void> replaced = co_await replace_active(round);
    if (!replaced) co_return replaced.error();
  }
  Json job = job_for(cron_job, zone, due);
  const std::string namespace_ = api::namespace_of(cron_job);
  const api::WriteOptions options;
  const auto created = co_await client_.create(api::kJobs, namespace_, std::move(job), options);
  if (!created && is_namespace_terminating(created.error())) co_return api::Result<void>();
  const bool exists = !created && created.error().reason == api::Reason::kAlreadyExists;
  if (!created && !exists) {
    events_.warning(cron_job, "FailedCreate", "Error creating job: " + created.error().message);
    co_return created.error();
  }
  round.status["lastScheduleTime"] = format_time(due);
  if (exists) co_return api::Result<void>();  // an earlier sync made it and could not write its status
  events_.normal(cron_job, "SuccessfulCreate", "Created job " + name);
  active_of(round.status)
      .push_back(Json{{"apiVersion", api::kJobs.api_version()},
                      {"kind", api::kJobs.kind},
                      {"namespace", namespace_},
                      {"name", name},
                      {"uid", api::uid_of(**created)},
                      {"resourceVersion", api::resource_version_of(**created)}});
  co_return api::Result<void>();
}

Task<api::Result<void>> CronJobController::replace_active(Round& round) {
  const Json active = active_of(round.status);
  for (const Json& reference : active) {
    const api::NamespacedName name{api::namespace_of(*round.cron_job), string_at(reference, {"name"})};
    const auto job = co_await client_.get(api::kJobs, name);
    if (!job && job.error().reason != api::Reason::kNotFound) co_return job.error();
    if (!job) {
      drop_active(round.status, string_at(reference, {"uid"}));
      continue;
    }
    const api::Result<void> removed = co_await remove_job(round, *job);
    if (!removed) co_return removed.error();
  }
  co_return api::Result<void>();
}

Task<api::Result<void>> CronJobController::remove_job(Round& round, ObjectPtr job) {
  api::DeleteOptions options;
  options.propagation_policy = "Background";
  options.uid = api::uid_of(*job);
  const api::NamespacedName name = api::key_of(*job);
  const auto removed = co_await client_.remove(api::kJobs, name, options);
  if (!removed && removed.error().reason != api::Reason::kNotFound) {
    events_.warning(*round.cron_job, "FailedDelete", "Deleted job: " + removed.error().message);
    co_return removed.error();
  }
  drop_active(round.status, options.uid);
  events_.normal(*round.cron_job, "SuccessfulDelete", "Deleted job " + name.name);
  co_return api::Result<void>();
}

}  // namespace skiff::controllers
