#include "server/controllers/job/plan.h"

#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "server/controllers/job/end.h"
#include "server/controllers/job/job_pod.h"
#include "server/controllers/job/tracking.h"
#include "server/controllers/pods.h"
#include "server/controllers/replica_set/deletion_order.h"

#include <algorithm>
#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

void wake_at(JobPlan& plan, std::optional<TimePoint> at) {
  if (at) plan.check_again_at = std::min(plan.check_again_at.value_or(*at), *at);
}

Json new_condition(const char* type, const char* status, std::string reason, std::string message, TimePoint now) {
  return {{"type", type},
          {"status", status},
          {"lastProbeTime", format_time(now)},
          {"lastTransitionTime", format_time(now)},
          {"reason", std::move(reason)},
          {"message", std::move(message)}};
}

void add_condition(Json& status, Json condition) {
  Json& conditions = status["conditions"];
  if (!conditions.is_array()) conditions = Json::array();
  const auto same_type = [&](const Json& each) { return each["type"] == condition["type"]; };
  const auto old = std::find_if(conditions.begin(), conditions.end(), same_type);
  if (old == conditions.end()) {
    conditions.push_back(std::move(condition));
  } else {
    *old = std::move(condition);
  }
}

// Active pods to take away, at least `count`: in an indexed Job those without a place first, be it that their index is
// none or that another pod has it.
std::vector<ObjectPtr> surplus(const Json& job, const JobCensus& census, std::int64_t count, TimePoint now) {
  std::vector<ObjectPtr> left = census.active;
  sort_for_deletion(left, {}, now);
  std::vector<ObjectPtr> removed;
  if (is_indexed(job)) {
    // The pod of an index that would go last is the one to keep.
    std::set<std::int64_t> taken;
    std::vector<ObjectPtr> kept;
    for (auto pod = left.rbegin(); pod != left.rend(); ++pod) {
      const bool has_place = has_valid_index(job, **pod) && taken.insert(*completion_index(**pod)).second;
      (has_place ? kept : removed).push_back(*pod);
    }
    left.assign(kept.rbegin(), kept.rend());
  }
  for (const ObjectPtr& pod : left) {
    if (static_cast<std::int64_t>(removed.size()) >= count) break;
    removed.push_back(pod);
  }
  return removed;
}

std::int64_t wanted_active(const Json& job, const JobCensus& census) {
  if (is_suspended(job)) return 0;
  const auto active = static_cast<std::int64_t>(census.active.size());
  const std::int64_t parallelism = integer_at(job, {"spec", "parallelism"}, 1);
  const Json* completions = find(job, {"spec", "completions"});
  // Without a number of completions the first success lets the others run out.
  if (completions == nullptr) return census.succeeded > 0 ? active : parallelism;
  return std::clamp<std::int64_t>(completions->get<std::int64_t>() - census.succeeded, 0, parallelism);
}

// The next indexes to make pods for. With a limit per index each waits for its own back-off.
std::vector<std::optional<std::int64_t>> next_indexes(const Json& job, const std::vector<ObjectPtr>& pods,
                                                      const JobCensus& census, std::int64_t count, TimePoint now,
                                                      JobPlan& plan) {
  api::IndexSet done = census.succeeded_indexes;
  if (census.failed_indexes) done.insert(*census.failed_indexes);
  for (const ObjectPtr& pod : pods) {
    const bool blocks = is_active(*pod) || (replaces_only_ended(job) && api::is_terminating(*pod) &&
                                            string_at(*pod, {"status", "phase"}) != "Failed");
    if (const auto index = completion_index(*pod); index && blocks) done.insert(*index);
  }
  std::vector<std::optional<std::int64_t>> indexes;
  for (const std::int64_t index : done.first_missing(count, completions_of(job))) {
    const auto replaced = census.to_replace.find(index);
    if (replaced != census.to_replace.end()) {
      const JobBackoff backoff{index_failures(*replaced->second).all() + 1, finish_time(*replaced->second)};
      if (const auto until = wait_until(backoff, now)) {
        wake_at(plan, until);
        continue;
      }
    }
    indexes.emplace_back(index);
  }
  return indexes;
}

void plan_pods(JobPlan& plan, const Json& job, const std::vector<ObjectPtr>& pods, const JobCensus& census,
               TimePoint now) {
  const auto active = static_cast<std::int64_t>(census.active.size());
  const std::int64_t wanted = wanted_active(job, census);
  plan.pods.remove = surplus(job, census, active - wanted, now);
  plan.pods.uncounted_removal = true;
  if (!plan.pods.remove.empty()) {
    const auto most = is_suspended(job) ? plan.pods.remove.size() : static_cast<std::size_t>(kBurstJobPods);
    plan.pods.remove.resize(std::min(plan.pods.remove.size(), most));
    return;
  }
  const std::int64_t in_the_way = replaces_only_ended(job) ? census.terminating : 0;
  const std::int64_t missing = std::min(wanted - active - in_the_way, kBurstJobPods);
  if (missing <= 0) return;
  if (!has_limit_per_index(job)) {
    if (const auto until = wait_until(plan.backoff, now)) return wake_at(plan, until);
  }
  if (is_indexed(job)) {
    plan.pods.create = next_indexes(job, pods, census, missing, now, plan);
  } else {
    plan.pods.create.resize(static_cast<std::size_t>(missing));
  }
}

void note_suspension(JobPlan& plan, const Json& job, Json& status, TimePoint now) {
  const bool was_suspended = api::is_condition_true(job, "Suspended");
  if (is_suspended(job) == was_suspended) return;
  if (is_suspended(job)) {
    add_condition(status, new_condition("Suspended", "True", "JobSuspended", "Job suspended", now));
    plan.events.push_back(JobEvent{false, "Suspended", "Job suspended"});
  } else {
    add_condition(status, new_condition("Suspended", "False", "JobResumed", "Job resumed", now));
    plan.events.push_back(JobEvent{false, "Resumed", "Job resumed"});
    // The deadline counts from here.
    status["startTime"] = format_time(now);
  }
}

void note_end(const Json& job, Json& status, const JobEnd& end, TimePoint now) {
  const char* type = end.succeeds ? "SuccessCriteriaMet" : "FailureTarget";
  if (api::is_condition_true(job, type)) return;
  add_condition(status, new_condition(type, "True", end.reason, end.message, now));
}

void finish(JobPlan& plan, const Json& job, Json& status, const JobEnd& end, TimePoint now) {
  add_condition(status, new_condition(end.succeeds ? "Complete" : "Failed", "True", end.reason, end.message, now));
  if (!end.succeeds) {
    plan.final_events.push_back(JobEvent{true, end.reason, end.message});
    return;
  }
  status["completionTime"] = format_time(now);
  const Json* completions = find(job, {"spec", "completions"});
  if (completions != nullptr && *completions < integer_at(status, {"succeeded"})) {
    plan.final_events.push_back(
        JobEvent{true, "TooManySucceededPods", "Too many succeeded pods running after completion count reached"});
  }
  plan.final_events.push_back(JobEvent{false, "Completed", "Job completed"});
}

}  // namespace

JobPlan plan_job(const Json& job, const std::vector<ObjectPtr>& pods, const JobSituation& situation) {
  const TimePoint now = situation.now;
  const JobCensus census = take_census(job, pods, situation.released);
  JobPlan plan;
  plan.backoff = after_ended(situation.backoff, census.new_succeeded, census.new_failed);
  Json started = job;
  Json& status = started["status"];
  if (!status.is_object()) status = Json::object();
  if (!status.contains("startTime") && !is_suspended(job)) status["startTime"] = format_time(now);

  std::optional<JobEnd> end = early_end(started, pods, census, now);
  if (end) {
    // There may be pods that nobody has seen yet, and with them it would not be the end.
    if (situation.may_change) plan.pods.remove = census.active;
    if (!situation.may_change) end.reset();
  } else {
    wake_at(plan, deadline_of(started));
    const bool may_change = situation.may_change && !api::is_terminating(job);
    if (may_change) plan_pods(plan, job, pods, census, now);
    const auto active = static_cast<std::int64_t>(census.active.size() + plan.pods.create.size());
    end = regular_end(job, census, active - static_cast<std::int64_t>(plan.pods.remove.size()));
    if (!end && may_change) note_suspension(plan, job, status, now);
  }

  const auto removed = static_cast<std::int64_t>(plan.pods.remove.size());
  const std::int64_t removed_ready =
      std::count_if(plan.pods.remove.begin(), plan.pods.remove.end(),
                    [](const ObjectPtr& pod) { return api::is_condition_true(*pod, "Ready"); });
  const auto created = static_cast<std::int64_t>(plan.pods.create.size());
  const std::int64_t terminating = census.terminating + removed;
  set_job_count(status, "active", static_cast<std::int64_t>(census.active.size()) + created - removed);
  status["ready"] = census.ready - removed_ready;
  status["terminating"] = terminating;
  JobTracking tracking = track(job, status, pods, census, end, situation.released);
  if (end) note_end(job, status, *end, now);
  plan.interim_status = status;

  std::set<std::string> tracked = tracked_uids(pods, situation.released);
  for (const ObjectPtr& pod : tracking.release) tracked.erase(api::uid_of(*pod));
  count_untracked(status, tracked);
  if (end && !tracking.is_full && all_counted(status) && terminating == 0) finish(plan, job, status, *end, now);
  plan.final_status = std::move(status);
  plan.release = std::move(tracking.release);
  plan.pods.replaced = census.to_replace;
  return plan;
}

bool is_finished(const Json& job) {
  return api::is_condition_true(job, "Complete") || api::is_condition_true(job, "Failed");
}

std::optional<TimePoint> expiry_time(const Json& job) {
  const Json* seconds = find(job, {"spec", "ttlSecondsAfterFinished"});
  if (seconds == nullptr) return std::nullopt;
  for (const char* type : {"Complete", "Failed"}) {
    if (!api::is_condition_true(job, type)) continue;
    const auto at = parse_time(string_at(*api::find_condition(job, type), {"lastTransitionTime"}));
    if (at) return *at + std::chrono::seconds(seconds->get<std::int64_t>());
  }
  return std::nullopt;
}

}  // namespace skiff::controllers
