#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "api/cron_schedule.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// When a CronJob has to start a Job and which of its Jobs may go, as pure functions of values; cron_job_controller.h
// acts on it.
namespace skiff::controllers {

// "Complete" or "Failed" once the Job has ended.
[[nodiscard]] std::optional<std::string> end_of_job(const Json& job);

struct StartTimes {
  std::optional<TimePoint> due;  // the latest moment that has come since the last start, if any
  bool many_missed = false;      // more than 100 moments have gone by without a start
  std::string error;             // the schedule makes no sense; nothing is due
};
// `respect_deadline`: moments further back than spec.startingDeadlineSeconds do not count.
[[nodiscard]] StartTimes start_times(const Json& cron_job, const api::CronSchedule& schedule, const api::TimeZone& zone,
                                     TimePoint now, bool respect_deadline = true);

// The moment after which the CronJob should be looked at again.
[[nodiscard]] std::optional<TimePoint> next_start(const Json& cron_job, const api::CronSchedule& schedule,
                                                  const api::TimeZone& zone, TimePoint now);

// The Job for a moment of the schedule: "<cronjob>-<minutes since the epoch>".
[[nodiscard]] std::string job_name(const Json& cron_job, TimePoint scheduled);
[[nodiscard]] Json job_for(const Json& cron_job, const api::TimeZone& zone, TimePoint scheduled);

// Of the Jobs that have ended the oldest beyond spec.successfulJobsHistoryLimit and failedJobsHistoryLimit.
[[nodiscard]] std::vector<api::ObjectPtr> surplus_jobs(const Json& cron_job, const std::vector<api::ObjectPtr>& jobs);

}  // namespace skiff::controllers
