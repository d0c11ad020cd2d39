#include "server/controllers/job/backoff.h"

#include "api/client/work_queue.h"
#include "server/controllers/job/job_pod.h"

#include <algorithm>

namespace skiff::controllers {

JobBackoff after_ended(const JobBackoff& before, const std::vector<api::ObjectPtr>& succeeded,
                       const std::vector<api::ObjectPtr>& failed) {
  JobBackoff backoff = succeeded.empty() ? before : JobBackoff();
  TimePoint last_success = TimePoint::min();
  for (const api::ObjectPtr& pod : succeeded) last_success = std::max(last_success, finish_time(*pod));
  for (const api::ObjectPtr& pod : failed) {
    const TimePoint at = finish_time(*pod);
    if (at <= last_success) continue;
    ++backoff.failures;
    backoff.last_failure = std::max(backoff.last_failure, at);
  }
  return backoff;
}

std::optional<TimePoint> wait_until(const JobBackoff& backoff, TimePoint now) {
  if (backoff.failures == 0) return std::nullopt;
  const auto delay =
      api::exponential_delay(kJobBackoffBase, kJobBackoffMax, static_cast<unsigned>(backoff.failures - 1));
  const TimePoint until = backoff.last_failure + std::chrono::duration_cast<TimePoint::duration>(delay);
  return until > now ? std::optional(until) : std::nullopt;
}

}  // namespace skiff::controllers
