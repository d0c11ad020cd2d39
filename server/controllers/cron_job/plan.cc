#include "server/controllers/cron_job/plan.h"

#include "api/views/conditions.h"
#include "api/views/meta.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;
using std::chrono::seconds;

namespace {

constexpr std::int64_t kManyMissed = 100;
constexpr const char* kScheduledTime = "batch.kubernetes.io/cronjob-scheduled-timestamp";

std::string two_digits(std::int64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); }

// RFC 3339 in local time: "2026-11-22T11:00:00+01:00".
std::string local_time(TimePoint time, const api::TimeZone& zone) {
  const std::int64_t offset = zone.offset_at(time).count();
  if (offset == 0) return format_time(time);
  std::string text = format_time(time + seconds(offset));
  text.back() = offset < 0 ? '-' : '+';
  const std::int64_t minutes = std::abs(offset) / 60;
  return text + two_digits(minutes / 60) + ":" + two_digits(minutes % 60);
}

TimePoint last_start(const Json& cron_job, TimePoint now, bool respect_deadline) {
  TimePoint earliest = api::creation_time_of(cron_job).value_or(now);
  if (const auto last = parse_time(string_at(cron_job, {"status", "lastScheduleTime"}))) earliest = *last;
  const Json* deadline = find(cron_job, {"spec", "startingDeadlineSeconds"});
  if (!respect_deadline || deadline == nullptr) return earliest;
  return std::max(earliest, now - seconds(deadline->get<std::int64_t>()));
}

// The oldest of those that ended in that way, without the `kept` newest ones.
void add_surplus(std::vector<ObjectPtr> ended, std::int64_t kept, std::vector<ObjectPtr>& surplus) {
  auto start = [](const ObjectPtr& job) {
    return std::make_pair(string_at(*job, {"status", "startTime"}), api::name_of(*job));
  };
  std::sort(ended.begin(), ended.end(), [&](const ObjectPtr& a, const ObjectPtr& b) { return start(a) < start(b); });
  for (std::size_t i = 0; i + static_cast<std::size_t>(kept) < ended.size(); ++i) surplus.push_back(ended[i]);
}

}  // namespace

std::optional<std::string> end_of_job(const Json& job) {
  for (const char* type : {"Complete", "Failed"}) {
    if (api::is_condition_true(job, type)) return type;
  }
  return std::nullopt;
}

StartTimes start_times(const Json& cron_job, const api::CronSchedule& schedule, const api::TimeZone& zone,
                       TimePoint now, bool respect_deadline) {
  StartTimes times;
  const auto first = schedule.next(last_start(cron_job, now, respect_deadline), zone);
  if (!first || *first > now) return times;
  const auto second = schedule.next(*first, zone);
  times.due = first;
  if (!second || *second > now) return times;
  const auto between = std::chrono::round<seconds>(*second - *first).count();
  times.many_missed = (now - *first) / seconds(1) / between + 1 > kManyMissed;
  for (auto next = second; next && *next <= now; next = schedule.next(*next, zone)) times.due = next;
  return times;
}

std::optional<TimePoint> next_start(const Json& cron_job, const api::CronSchedule& schedule, const api::TimeZone& zone,
                                    TimePoint now) {
  const StartTimes times = start_times(cron_job, schedule, zone, now, false);
  return schedule.next(times.due.value_or(last_start(cron_job, now, false)), zone);
}

std::string job_name(const Json& cron_job, TimePoint scheduled) {
  const auto minutes = std::chrono::floor<std::chrono::minutes>(scheduled.time_since_epoch()).count();
  return api::name_of(cron_job) + "-" + std::to_string(minutes);
}

Json job_for(const Json& cron_job, const api::TimeZone& zone, TimePoint scheduled) {
  Json metadata{{"name", job_name(cron_job, scheduled)},
                {"namespace", api::namespace_of(cron_job)},
                {"ownerReferences", Json::array({api::controller_reference(api::kCronJobs, cron_job)})}};
  const Json& job_template = cron_job.at("spec").at("jobTemplate");
  for (const char* member : {"labels", "annotations"}) {
    if (const Json* value = find(job_template, {"metadata", member})) metadata[member] = *value;
  }
  metadata["annotations"][kScheduledTime] = local_time(scheduled, zone);
  return {{"apiVersion", api::kJobs.api_version()},
          {"kind", api::kJobs.kind},
          {"metadata", std::move(metadata)},
          {"spec", job_template.value("spec", Json::object())}};
}

std::vector<ObjectPtr> surplus_jobs(const Json& cron_job, const std::vector<ObjectPtr>& jobs) {
  std::vector<ObjectPtr> surplus;
  const std::pair<const char*, const char*> limits[] = {{"Complete", "successfulJobsHistoryLimit"},
                                                        {"Failed", "failedJobsHistoryLimit"}};
  for (const auto& [end, member] : limits) {
    const Json* limit = find(cron_job, {"spec", member});
    if (limit == nullptr) continue;
    std::vector<ObjectPtr> ended;
    for (const ObjectPtr& job : jobs) {
      if (end_of_job(*job) == end) ended.push_back(job);
    }
    add_surplus(std::move(ended), limit->get<std::int64_t>(), surplus);
  }
  return surplus;
}

}  // namespace skiff::controllers
