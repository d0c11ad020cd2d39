#include "server/controllers/job/tracking.h"

#include "api/views/meta.h"
#include "server/controllers/job/job_pod.h"

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

// What one status may hold, so that it stays small and other Jobs get their turn.
constexpr std::size_t kMaxUncounted = 500;

constexpr const char* kUncounted = "uncountedTerminatedPods";

bool may_release(const Json& job, const Json& pod, const JobCensus& census, const std::optional<JobEnd>& end) {
  if (api::is_terminating(job) || end || string_at(pod, {"status", "phase"}) == "Succeeded") return true;
  if (!has_failed(job, pod)) return false;
  const std::optional<std::int64_t> index = completion_index(pod);
  if (!census.failed_indexes || !index) return true;
  // Its replacement must find it to go on counting.
  const auto kept = census.to_replace.find(*index);
  return kept == census.to_replace.end() || api::uid_of(*kept->second) != api::uid_of(pod);
}

std::size_t size_of(const Json& uncounted_pods, const char* list) {
  const Json* uids = find(uncounted_pods, {list});
  return uids == nullptr ? 0 : uids->size();
}

// The list of uncountedTerminatedPods that the pod belongs in; null: it is known by its index, or not counted.
const char* list_for(const Json& job, const Json& pod, const std::optional<JobEnd>& end) {
  if (string_at(pod, {"status", "phase"}) == "Succeeded") return is_indexed(job) ? nullptr : "succeeded";
  // When a Job fails, pods that have not ended have failed.
  const bool failed = has_failed(job, pod) || (end && !end->succeeds);
  return failed && has_valid_index(job, pod) && judge_failure(job, pod).counts ? "failed" : nullptr;
}

}  // namespace

JobTracking track(const Json& job, Json& status, const std::vector<ObjectPtr>& pods, const JobCensus& census,
                  const std::optional<JobEnd>& end, const std::set<std::string>& released) {
  count_untracked(status, tracked_uids(pods, released));
  const std::set<std::string> succeeded = uncounted(job, "succeeded");
  const std::set<std::string> failed = uncounted(job, "failed");
  Json& uncounted_pods = status[kUncounted];
  std::size_t new_indexes = 0;
  JobTracking tracking;
  for (const ObjectPtr& pod : pods) {
    if (!is_tracked(*pod, released) || !may_release(job, *pod, census, end)) continue;
    tracking.release.push_back(pod);
    const std::string uid = api::uid_of(*pod);
    const char* list = list_for(job, *pod, end);
    if (list == nullptr) {
      ++new_indexes;
    } else if (!succeeded.contains(uid) && !failed.contains(uid)) {
      uncounted_pods[list].push_back(uid);
    }
    if (new_indexes + size_of(uncounted_pods, "succeeded") + size_of(uncounted_pods, "failed") >= kMaxUncounted) {
      tracking.is_full = true;
      break;
    }
  }
  if (!is_indexed(job)) return tracking;
  set_job_count(status, "succeeded", census.succeeded_indexes.size());
  if (std::string text = census.succeeded_indexes.to_string(); !text.empty()) {
    status["completedIndexes"] = std::move(text);
  } else {
    status.erase("completedIndexes");
  }
  if (census.failed_indexes) status["failedIndexes"] = census.failed_indexes->to_string();
  return tracking;
}

void count_untracked(Json& status, const std::set<std::string>& tracked) {
  Json& uncounted_pods = status[kUncounted];
  if (!uncounted_pods.is_object()) uncounted_pods = Json::object();
  for (const char* list : {"succeeded", "failed"}) {
    if (!uncounted_pods.contains(list)) continue;
    Json left = Json::array();
    for (const Json& uid : uncounted_pods[list]) {
      if (tracked.contains(uid.get<std::string>())) left.push_back(uid);
    }
    const std::size_t counted = uncounted_pods[list].size() - left.size();
    set_job_count(status, list, integer_at(status, {list}) + static_cast<std::int64_t>(counted));
    if (left.empty()) {
      uncounted_pods.erase(list);
    } else {
      uncounted_pods[list] = std::move(left);
    }
  }
}

std::set<std::string> tracked_uids(const std::vector<ObjectPtr>& pods, const std::set<std::string>& released) {
  std::set<std::string> uids;
  for (const ObjectPtr& pod : pods) {
    if (is_tracked(*pod, released)) uids.insert(api::uid_of(*pod));
  }
  return uids;
}

bool all_counted(const Json& status) {
  const Json* uncounted_pods = find(status, {kUncounted});
  return uncounted_pods == nullptr || uncounted_pods->empty();
}

void set_job_count(Json& status, const char* member, std::int64_t count) {
  if (count != 0) {
    status[member] = count;
  } else {
    status.erase(member);
  }
}

}  // namespace skiff::controllers
