#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "server/controllers/job/backoff.h"
#include "server/controllers/job/census.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

// What one sync of a Job does, as a pure function of values; job_controller.h carries it out.
namespace skiff::controllers {

// At most so many pods are made or removed by one sync.
inline constexpr std::int64_t kBurstJobPods = 500;

struct JobEvent {
  bool is_warning = false;
  std::string reason;
  std::string message;
};

// What to do about the pods.
struct JobPodPlan {
  // New pods, each with its completion index in indexed Jobs.
  std::vector<std::optional<std::int64_t>> create;
  // By index the failed pod in whose place the new one comes, where that one has to know (JobCensus::to_replace).
  std::map<std::int64_t, api::ObjectPtr> replaced;
  std::vector<api::ObjectPtr> remove;
  // The removed ones are not to be counted: their finalizer goes first.
  bool uncounted_removal = false;
};

// Steps in the order in which they are carried out; the first failure ends it.
struct JobPlan {
  JobPodPlan pods;
  // The whole status as it is written before finalizers are taken off, and once they are.
  Json interim_status;
  Json final_status;
  // The pods that have been counted then: their finalizer goes.
  std::vector<api::ObjectPtr> release;
  JobBackoff backoff;
  // After each of the two statuses.
  std::vector<JobEvent> events;
  std::vector<JobEvent> final_events;
  std::optional<TimePoint> check_again_at;
};

// What the Job is like besides its pods.
struct JobSituation {
  // Uids of pods whose finalizer is gone, although the cache may still show it.
  std::set<std::string> released;
  JobBackoff backoff;
  // All pods that were asked for have been seen. When not, pods are only counted.
  bool may_change = true;
  TimePoint now;
};

// `job` has not finished.
[[nodiscard]] JobPlan plan_job(const Json& job, const std::vector<api::ObjectPtr>& pods, const JobSituation& situation);

[[nodiscard]] bool is_finished(const Json& job);
// When a finished Job is to be deleted; nothing when it is to stay.
[[nodiscard]] std::optional<TimePoint> expiry_time(const Json& job);

}  // namespace skiff::controllers
