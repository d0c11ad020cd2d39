#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "api/views/index_set.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace skiff::controllers {

// The pods of a Job, counted: a value that plan.cc decides upon.
//
// A pod that ended is counted once, although it, the Job's status and the cache change at different times: while it has
// the tracking finalizer it is "new"; its uid goes into status.uncountedTerminatedPods; the finalizer goes; the counter
// grows and the uid goes. In indexed Jobs a success is known by its index instead.
struct JobCensus {
  std::vector<api::ObjectPtr> active;
  std::vector<api::ObjectPtr> new_succeeded;
  std::vector<api::ObjectPtr> new_failed;  // also those that spec.podFailurePolicy ignores
  std::int64_t ready = 0;                  // of the active ones
  std::int64_t terminating = 0;            // being deleted, but not ended

  // With all that is new.
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  api::IndexSet succeeded_indexes;              // of indexed Jobs
  std::optional<api::IndexSet> failed_indexes;  // of those with a limit per index
  // By index the last failed pod, where its replacement has to learn from it how often the index failed.
  std::map<std::int64_t, api::ObjectPtr> to_replace;
};

// `released` are the uids of pods whose finalizer is gone, although the cache may still show it.
[[nodiscard]] JobCensus take_census(const Json& job, const std::vector<api::ObjectPtr>& pods,
                                    const std::set<std::string>& released);

// Has the finalizer and is not among the released.
[[nodiscard]] bool is_tracked(const Json& pod, const std::set<std::string>& released);
// Of an indexed Job: its index is one that must succeed. Of others: always.
[[nodiscard]] bool has_valid_index(const Json& job, const Json& pod);
[[nodiscard]] std::int64_t completions_of(const Json& job);
// The uids of a list in status.uncountedTerminatedPods.
[[nodiscard]] std::set<std::string> uncounted(const Json& job, const char* list);

}  // namespace skiff::controllers
