#include "server/controllers/job/end.h"

#include "api/views/conditions.h"
#include "server/controllers/job/job_pod.h"

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

JobEnd failure(std::string reason, std::string message) { return JobEnd{false, std::move(reason), std::move(message)}; }

std::optional<JobEnd> noted_end(const Json& job) {
  for (const char* type : {"SuccessCriteriaMet", "FailureTarget"}) {
    if (!api::is_condition_true(job, type)) continue;
    const Json& condition = *api::find_condition(job, type);
    return JobEnd{std::string_view(type) == "SuccessCriteriaMet", string_at(condition, {"reason"}),
                  string_at(condition, {"message"})};
  }
  return std::nullopt;
}

std::optional<JobEnd> end_by_failure_policy(const Json& job, const std::vector<ObjectPtr>& pods) {
  for (const ObjectPtr& pod : pods) {
    if (!has_failed(job, *pod)) continue;
    FailureVerdict verdict = judge_failure(job, *pod);
    if (!verdict.job_failure.empty()) return failure("PodFailurePolicy", std::move(verdict.job_failure));
  }
  return std::nullopt;
}

// Of pods that start their containers again by themselves the restarts count as failures, too.
bool has_restarted_too_often(const Json& job, const std::vector<ObjectPtr>& pods) {
  if (string_at(job, {"spec", "template", "spec", "restartPolicy"}) != "OnFailure") return false;
  std::int64_t restarts = 0;
  for (const ObjectPtr& pod : pods) {
    const std::string phase = string_at(*pod, {"status", "phase"});
    if (phase != "Running" && phase != "Pending") continue;
    for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
      const Json* statuses = find(*pod, {"status", list});
      for (std::size_t i = 0; statuses != nullptr && i < statuses->size(); ++i) {
        restarts += integer_at((*statuses)[i], {"restartCount"});
      }
    }
  }
  const std::int64_t limit = integer_at(job, {"spec", "backoffLimit"}, 6);
  return limit == 0 ? restarts > 0 : restarts >= limit;
}

std::optional<JobEnd> end_by_indexes(const Json& job, const JobCensus& census) {
  if (!census.failed_indexes) return std::nullopt;
  const std::int64_t failed = census.failed_indexes->size();
  const Json* most = find(job, {"spec", "maxFailedIndexes"});
  if (most != nullptr && *most < failed) {
    return failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
  }
  if (failed > 0 && failed + census.succeeded_indexes.size() >= completions_of(job)) {
    return failure("FailedIndexes", "Job has failed indexes");
  }
  return std::nullopt;
}

bool holds(const Json& rule, const Json& job, const api::IndexSet& succeeded) {
  const Json* indexes = find(rule, {"succeededIndexes"});
  const Json* count = find(rule, {"succeededCount"});
  if (indexes == nullptr) return count != nullptr && *count <= succeeded.size();
  const auto required = api::IndexSet::parse(indexes->get<std::string>(), completions_of(job));
  const std::int64_t enough = count != nullptr ? count->get<std::int64_t>() : required.size();
  return succeeded.size_of_common(required) >= enough;
}

std::optional<JobEnd> end_by_success_policy(const Json& job, const JobCensus& census) {
  const Json* rules = find(job, {"spec", "successPolicy", "rules"});
  if (rules == nullptr || census.succeeded_indexes.size() == 0) return std::nullopt;
  for (std::size_t i = 0; i < rules->size(); ++i) {
    if (!holds((*rules)[i], job, census.succeeded_indexes)) continue;
    return JobEnd{true, "SuccessPolicy", "Matched rules at index " + std::to_string(i)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<JobEnd> early_end(const Json& job, const std::vector<ObjectPtr>& pods, const JobCensus& census,
                                TimePoint now) {
  if (auto end = noted_end(job)) return end;
  if (auto end = end_by_failure_policy(job, pods)) return end;
  const bool past_limit = census.failed > integer_at(job, {"spec", "backoffLimit"}, 6);
  if (past_limit || has_restarted_too_often(job, pods)) {
    return failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  }
  if (const auto deadline = deadline_of(job); deadline && *deadline <= now) {
    return failure("DeadlineExceeded", "Job was active longer than specified deadline");
  }
  if (!is_indexed(job)) return std::nullopt;
  if (auto end = end_by_indexes(job, census)) return end;
  return end_by_success_policy(job, census);
}

std::optional<JobEnd> regular_end(const Json& job, const JobCensus& census, std::int64_t active) {
  const Json* completions = find(job, {"spec", "completions"});
  const bool enough = completions == nullptr ? census.succeeded > 0 : *completions <= census.succeeded;
  if (!enough || active > 0) return std::nullopt;
  return JobEnd{true, "CompletionsReached", "Reached expected number of succeeded pods"};
}

std::optional<TimePoint> deadline_of(const Json& job) {
  const Json* seconds = find(job, {"spec", "activeDeadlineSeconds"});
  const auto start = parse_time(string_at(job, {"status", "startTime"}));
  if (seconds == nullptr || !start || is_suspended(job)) return std::nullopt;
  return *start + std::chrono::seconds(seconds->get<std::int64_t>());
}

bool is_suspended(const Json& job) { return bool_at(job, {"spec", "suspend"}); }

}  // namespace skiff::controllers
