#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "server/controllers/job/census.h"
#include "server/controllers/job/end.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

// How pods that have ended get into a Job's counters, each exactly once (see JobCensus). Pure functions of values.
namespace skiff::controllers {

struct JobTracking {
  // The pods whose finalizer goes once the status with their uids is written.
  std::vector<api::ObjectPtr> release;
  // There were more than one status may hold; the rest follows in the next sync.
  bool is_full = false;
};

// Notes in `status` which pods have ended: uids in uncountedTerminatedPods, or indexes. Moves those that are not
// tracked any more to the counters. `end` is how the Job ends, if it does: then its other pods are done with, too.
[[nodiscard]] JobTracking track(const Json& job, Json& status, const std::vector<api::ObjectPtr>& pods,
                                const JobCensus& census, const std::optional<JobEnd>& end,
                                const std::set<std::string>& released);

// Counts the uids whose pods are not among the tracked ones.
void count_untracked(Json& status, const std::set<std::string>& tracked);

// The uids of those that are tracked.
[[nodiscard]] std::set<std::string> tracked_uids(const std::vector<api::ObjectPtr>& pods,
                                                 const std::set<std::string>& released);

// Nothing waits to be counted.
[[nodiscard]] bool all_counted(const Json& status);

// Upstream leaves counters out that are zero.
void set_job_count(Json& status, const char* member, std::int64_t count);

}  // namespace skiff::controllers
