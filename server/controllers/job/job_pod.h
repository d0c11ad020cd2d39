#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"

#include <cstdint>
#include <optional>
#include <string>

// What the pods of a Job are to it. Pure functions of values.
namespace skiff::controllers {

// Keeps a pod that has ended until it is counted.
inline constexpr const char* kTrackingFinalizer = "batch.kubernetes.io/job-tracking";

[[nodiscard]] bool is_indexed(const Json& job);
[[nodiscard]] bool has_limit_per_index(const Json& job);
// A pod is replaced only when it has ended, not when it begins to.
[[nodiscard]] bool replaces_only_ended(const Json& job);

// Which completion index the pod is for; nothing when it says none.
[[nodiscard]] std::optional<std::int64_t> completion_index(const Json& pod);

// It has failed, or, unless the Job waits for that, is being deleted and so will never succeed.
[[nodiscard]] bool has_failed(const Json& job, const Json& pod);

// What spec.podFailurePolicy makes of a failed pod.
struct FailureVerdict {
  bool counts = true;
  bool fails_index = false;
  std::string job_failure;  // why the whole Job fails; empty: it does not
};
[[nodiscard]] FailureVerdict judge_failure(const Json& job, const Json& pod);

// How often pods of its index failed before this one.
struct IndexFailures {
  std::int64_t counted = 0;
  std::int64_t ignored = 0;

  [[nodiscard]] std::int64_t all() const { return counted + ignored; }
};
[[nodiscard]] IndexFailures index_failures(const Json& pod);

// When the pod ended, as well as that can be told.
[[nodiscard]] TimePoint finish_time(const Json& pod);

// A new pod of the Job. `index` for indexed Jobs; `replaced` is the failed pod in whose place it comes, or null.
[[nodiscard]] Json job_pod(const Json& job, std::optional<std::int64_t> index, const Json* replaced);

}  // namespace skiff::controllers
