#include "server/controllers/job/census.h"

#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/job/job_pod.h"
#include "server/controllers/pods.h"

#include <algorithm>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

bool has_succeeded(const Json& pod) { return string_at(pod, {"status", "phase"}) == "Succeeded"; }

bool fails_index(const Json& job, const Json& pod) {
  if (!has_failed(job, pod)) return false;
  const FailureVerdict verdict = judge_failure(job, pod);
  if (verdict.fails_index) return true;
  return verdict.counts && index_failures(pod).counted >= integer_at(job, {"spec", "backoffLimitPerIndex"});
}

// The failure that came last, by what the pods say of those before them.
bool is_later_failure(const Json& pod, const Json& than) {
  return index_failures(pod).all() >= index_failures(than).all() && finish_time(pod) >= finish_time(than);
}

void count_indexes(JobCensus& census, const Json& job, const std::vector<ObjectPtr>& pods,
                   const std::set<std::string>& released) {
  const std::int64_t completions = completions_of(job);
  census.succeeded_indexes = api::IndexSet::parse(string_at(job, {"status", "completedIndexes"}), completions);
  if (has_limit_per_index(job)) {
    census.failed_indexes = api::IndexSet::parse(string_at(job, {"status", "failedIndexes"}), completions);
  }
  for (const ObjectPtr& pod : pods) {
    if (!has_valid_index(job, *pod) || !api::has_finalizer(*pod, kTrackingFinalizer)) continue;
    if (has_succeeded(*pod)) census.succeeded_indexes.insert(*completion_index(*pod));
    if (census.failed_indexes && fails_index(job, *pod)) census.failed_indexes->insert(*completion_index(*pod));
  }
  census.succeeded = census.succeeded_indexes.size();
  if (!census.failed_indexes) return;

  std::set<std::int64_t> active;
  for (const ObjectPtr& pod : census.active) {
    if (const auto index = completion_index(*pod)) active.insert(*index);
  }
  for (const ObjectPtr& pod : pods) {
    if (!is_tracked(*pod, released) || !has_valid_index(job, *pod) || !has_failed(job, *pod)) continue;
    const std::int64_t index = *completion_index(*pod);
    if (census.succeeded_indexes.contains(index) || census.failed_indexes->contains(index) || active.contains(index)) {
      continue;
    }
    ObjectPtr& last = census.to_replace[index];
    if (!last || is_later_failure(*pod, *last)) last = pod;
  }
}

}  // namespace

JobCensus take_census(const Json& job, const std::vector<ObjectPtr>& pods, const std::set<std::string>& released) {
  const std::set<std::string> uncounted_succeeded = uncounted(job, "succeeded");
  const std::set<std::string> uncounted_failed = uncounted(job, "failed");
  JobCensus census;
  std::int64_t ignored = 0;
  for (const ObjectPtr& pod : pods) {
    if (is_active(*pod)) {
      census.active.push_back(pod);
      if (api::is_pod_ready(*pod)) ++census.ready;
    } else if (!api::is_pod_terminated(*pod)) {
      ++census.terminating;
    }
    if (!is_tracked(*pod, released) || !has_valid_index(job, *pod)) continue;
    const std::string uid = api::uid_of(*pod);
    if (has_succeeded(*pod) && !uncounted_succeeded.contains(uid)) census.new_succeeded.push_back(pod);
    if (has_failed(job, *pod) && !uncounted_failed.contains(uid)) {
      census.new_failed.push_back(pod);
      if (!judge_failure(job, *pod).counts) ++ignored;
    }
  }
  const auto sum = [&job](const char* counter, std::size_t added, std::size_t more) {
    return integer_at(job, {"status", counter}) + static_cast<std::int64_t>(added + more);
  };
  census.succeeded = sum("succeeded", census.new_succeeded.size(), uncounted_succeeded.size());
  census.failed = sum("failed", census.new_failed.size(), uncounted_failed.size()) - ignored;
  if (is_indexed(job)) count_indexes(census, job, pods, released);
  return census;
}

bool is_tracked(const Json& pod, const std::set<std::string>& released) {
  return api::has_finalizer(pod, kTrackingFinalizer) && !released.contains(api::uid_of(pod));
}

bool has_valid_index(const Json& job, const Json& pod) {
  if (!is_indexed(job)) return true;
  const std::optional<std::int64_t> index = completion_index(pod);
  return index && *index < completions_of(job);
}

std::int64_t completions_of(const Json& job) { return integer_at(job, {"spec", "completions"}); }

std::set<std::string> uncounted(const Json& job, const char* list) {
  std::set<std::string> uids;
  const Json* found = find(job, {"status", "uncountedTerminatedPods", list});
  for (std::size_t i = 0; found != nullptr && i < found->size(); ++i) uids.insert((*found)[i].get<std::string>());
  return uids;
}

}  // namespace skiff::controllers
