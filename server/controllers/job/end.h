#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "server/controllers/job/census.h"

#include <optional>
#include <string>
#include <vector>

// Whether and why a Job ends. Pure functions of values.
namespace skiff::controllers {

struct JobEnd {
  bool succeeds = false;
  std::string reason;
  std::string message;
};

// The end that the Job has come to while it may still have pods: a limit is passed, a policy decides, or it has been
// noted in its conditions before.
[[nodiscard]] std::optional<JobEnd> early_end(const Json& job, const std::vector<api::ObjectPtr>& pods,
                                              const JobCensus& census, TimePoint now);

// All that was asked for has succeeded, and with `active` pods left nothing is missing.
[[nodiscard]] std::optional<JobEnd> regular_end(const Json& job, const JobCensus& census, std::int64_t active);

// When spec.activeDeadlineSeconds ends; nothing when the Job has none or does not run.
[[nodiscard]] std::optional<TimePoint> deadline_of(const Json& job);

[[nodiscard]] bool is_suspended(const Json& job);

}  // namespace skiff::controllers
