#include "api/views/conditions.h"
#include "api/views/index_set.h"
#include "server/registry/kinds/job.h"

#include <set>

namespace skiff::server {

namespace {

// What is wrong with the conditions as a whole.
void conditions_error(std::string detail, api::FieldErrors& errors) {
  errors.add(api::FieldError{api::FieldErrorType::kInvalid, "status.conditions", "", std::move(detail)});
}

void validate_uncounted(const Json& status, api::FieldErrors& errors) {
  std::set<std::string> seen;
  for (const char* list : {"succeeded", "failed"}) {
    const Json* uids = find(status, {"uncountedTerminatedPods", list});
    for (std::size_t i = 0; uids != nullptr && i < uids->size(); ++i) {
      const std::string path = api::index(api::child("status.uncountedTerminatedPods", list), i);
      const std::string uid = (*uids)[i].get<std::string>();
      if (uid.empty()) {
        errors.invalid(path, uid, "must not be empty");
      } else if (!seen.insert(uid).second) {
        errors.duplicate(path, uid);
      }
    }
  }
}

void validate_conditions(const Json& object, api::FieldErrors& errors) {
  const bool complete = api::is_condition_true(object, "Complete");
  const bool failed = api::is_condition_true(object, "Failed");
  const bool failing = api::is_condition_true(object, "FailureTarget");
  const bool succeeding = api::is_condition_true(object, "SuccessCriteriaMet");
  if (complete && failed) conditions_error("cannot set Complete=True and Failed=true conditions", errors);
  if (complete && failing) conditions_error("cannot set Complete=True and FailureTarget=true conditions", errors);
  if (failed && !failing) {
    conditions_error("cannot set Failed=True condition without the FailureTarget=true condition", errors);
  }
  if (complete && !succeeding) {
    conditions_error("cannot set Complete=True condition without the SuccessCriteriaMet=true condition", errors);
  }
  if (succeeding && failed) {
    conditions_error("cannot set SuccessCriteriaMet=True and Failed=true conditions", errors);
  }
  if (succeeding && failing) {
    conditions_error("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions", errors);
  }
}

void validate_times(const Json& object, api::FieldErrors& errors) {
  const bool complete = api::is_condition_true(object, "Complete");
  const Json* completion = find(object, {"status", "completionTime"});
  const Json* start = find(object, {"status", "startTime"});
  if (completion != nullptr && !complete) {
    errors.invalid("status.completionTime", *completion,
                   "cannot set completionTime when there is no Complete=True condition");
  }
  if (completion == nullptr && complete) {
    errors.required("status.completionTime", "completionTime is required for Complete jobs");
  }
  if (completion != nullptr && start != nullptr && *completion < *start) {
    errors.invalid("status.completionTime", *completion, "completionTime cannot be set before startTime");
  }
}

// A job that has ended has no pods left.
void validate_finished(const Json& status, api::FieldErrors& errors) {
  if (const std::int64_t active = integer_at(status, {"active"}); active > 0) {
    errors.invalid("status.active", active, "active>0 is invalid for finished job");
  }
  if (!status.contains("startTime")) errors.required("status.startTime", "startTime is required for finished job");
  const Json uncounted = status.value("uncountedTerminatedPods", Json::object());
  if (!uncounted.value("succeeded", Json::array()).empty() || !uncounted.value("failed", Json::array()).empty()) {
    errors.invalid("status.uncountedTerminatedPods", uncounted,
                   "uncountedTerminatedPods needs to be empty for finished job");
  }
}

void validate_index_texts(const Json& spec, const Json& status, api::FieldErrors& errors) {
  const Json* completions = find(spec, {"completions"});
  const std::string completed = string_at(status, {"completedIndexes"});
  const Json* failed = find(status, {"failedIndexes"});
  const auto check = [&](const char* member, const std::string& text) {
    const api::IndexSetCheck found = api::check_index_set(text, completions->get<std::int64_t>());
    if (found.problem.empty()) return;
    errors.invalid(api::child("status", member), text, "error parsing " + std::string(member) + ": " + found.problem);
  };
  if (completions != nullptr) check("completedIndexes", completed);
  if (completions != nullptr && failed != nullptr && spec.contains("backoffLimitPerIndex")) {
    check("failedIndexes", failed->get<std::string>());
  }
  if (!completed.empty() && !is_indexed_job(spec)) {
    errors.invalid("status.completedIndexes", completed,
                   "cannot set non-empty completedIndexes when non-indexed completion mode");
  }
  if (failed != nullptr && !spec.contains("backoffLimitPerIndex")) {
    errors.invalid("status.failedIndexes", *failed,
                   "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
  }
}

void validate_progress(const Json& object, const Json& old_object, api::FieldErrors& errors) {
  for (const char* type : {"Failed", "Complete", "FailureTarget"}) {
    if (api::is_condition_true(old_object, type) && !api::is_condition_true(object, type)) {
      conditions_error("cannot disable the terminal " + std::string(type) + "=True condition", errors);
    }
  }
  const auto grows = [&](const char* member) {
    const std::int64_t count = integer_at(object, {"status", member});
    if (count < integer_at(old_object, {"status", member})) {
      errors.invalid(api::child("status", member), count, "cannot decrease the " + std::string(member) + " counter");
    }
  };
  grows("failed");
  if (!is_indexed_job(object.at("spec"))) grows("succeeded");
  const Json* completion = find(object, {"status", "completionTime"});
  const Json* old_completion = find(old_object, {"status", "completionTime"});
  if (completion != nullptr && old_completion != nullptr && *completion != *old_completion) {
    errors.invalid("status.completionTime", *completion, "completionTime cannot be mutated");
  }
  const Json* start = find(object, {"status", "startTime"});
  const Json* old_start = find(old_object, {"status", "startTime"});
  const bool was_suspended = api::is_condition_true(old_object, "Suspended");
  const bool moved = old_start != nullptr && (start == nullptr || *start != *old_start);
  if (moved && !was_suspended && !bool_at(object, {"spec", "suspend"})) {
    errors.required("status.startTime", "startTime cannot be removed for unsuspended job");
  }
  if (api::is_condition_true(old_object, "SuccessCriteriaMet") &&
      !api::is_condition_true(object, "SuccessCriteriaMet")) {
    conditions_error("cannot disable the SuccessCriteriaMet=True condition", errors);
  }
}

}  // namespace

// Upstream checks each of these only when what it is about changes; an unchanged status is valid by induction.
void validate_job_status(const Json& object, const Json& old_object, api::FieldErrors& errors) {
  const Json& status = object.at("status");
  const bool finished = api::is_condition_true(object, "Complete") || api::is_condition_true(object, "Failed");
  validate_uncounted(status, errors);
  validate_conditions(object, errors);
  validate_times(object, errors);
  if (finished) validate_finished(status, errors);
  validate_index_texts(object.at("spec"), status, errors);
  if (const std::int64_t terminating = integer_at(status, {"terminating"}); finished && terminating > 0) {
    errors.invalid("status.terminating", terminating, "terminating>0 is invalid for finished job");
  }
  if (const std::int64_t ready = integer_at(status, {"ready"}); ready > integer_at(status, {"active"})) {
    errors.invalid("status.ready", ready, "cannot set more ready pods than active");
  }
  validate_progress(object, old_object, errors);
}

}  // namespace skiff::server
