#include "server/controllers/job/job_pod.h"

#include "api/resource.h"
#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/pods.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace skiff::controllers {

namespace {

// Annotation and label of a pod with an index.
constexpr const char* kCompletionIndex = "batch.kubernetes.io/job-completion-index";
constexpr const char* kFailureCount = "batch.kubernetes.io/job-index-failure-count";
constexpr const char* kIgnoredFailureCount = "batch.kubernetes.io/job-index-ignored-failure-count";
constexpr const char* kIndexVariable = "JOB_COMPLETION_INDEX";
// What metadata.generateName may have so that the generated name is a label.
constexpr std::size_t kMaxNamePrefix = 58;

std::optional<std::int64_t> natural_number(const std::string* text) {
  std::int64_t number = 0;
  if (text == nullptr) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool fits = error == std::errc() && end == text->data() + text->size() && number >= 0 &&
                    number <= std::numeric_limits<std::int32_t>::max();
  return fits ? std::optional(number) : std::nullopt;
}

// The first container whose exit code the rule is about; null: none.
const Json* matching_container(const Json& pod, const Json& requirement) {
  const Json* name = find(requirement, {"containerName"});
  const Json values = requirement.value("values", Json::array());
  const bool wants_in = string_at(requirement, {"operator"}) == "In";
  for (const char* list : {"containerStatuses", "initContainerStatuses"}) {
    const Json* statuses = find(pod, {"status", list});
    if (statuses == nullptr || !statuses->is_array()) continue;
    for (const Json& status : *statuses) {
      const Json* code = find(status, {"state", "terminated", "exitCode"});
      if (code == nullptr || *code == 0) continue;
      if (name != nullptr && *name != status.value("name", Json())) continue;
      const bool is_in = std::find(values.begin(), values.end(), *code) != values.end();
      if (is_in == wants_in) return &status;
    }
  }
  return nullptr;
}

const Json* matching_condition(const Json& pod, const Json& patterns) {
  for (const Json& pattern : patterns) {
    const Json* condition = api::find_condition(pod, string_at(pattern, {"type"}));
    if (condition != nullptr && string_at(*condition, {"status"}) == string_at(pattern, {"status"}, "True")) {
      return condition;
    }
  }
  return nullptr;
}

// What matched, in the words of the Job's failure; nothing when the rule does not match.
std::optional<std::string> match_rule(const Json& rule, const Json& pod) {
  const std::string name = api::key_of(pod).to_string();
  if (const Json* requirement = find(rule, {"onExitCodes"})) {
    const Json* status = matching_container(pod, *requirement);
    if (status == nullptr) return std::nullopt;
    return "Container " + string_at(*status, {"name"}) + " for pod " + name + " failed with exit code " +
           std::to_string(integer_at(*status, {"state", "terminated", "exitCode"}));
  }
  const Json* patterns = find(rule, {"onPodConditions"});
  const Json* condition = patterns == nullptr ? nullptr : matching_condition(pod, *patterns);
  if (condition == nullptr) return std::nullopt;
  return "Pod " + name + " has condition " + string_at(*condition, {"type"});
}

std::optional<TimePoint> containers_finish_time(const Json& pod) {
  const Json* statuses = find(pod, {"status", "containerStatuses"});
  if (statuses == nullptr || !statuses->is_array()) return std::nullopt;
  std::optional<TimePoint> latest;
  for (const Json& status : *statuses) {
    const auto finished = parse_time(string_at(status, {"state", "terminated", "finishedAt"}));
    if (!finished) return std::nullopt;
    latest = std::max(latest.value_or(*finished), *finished);
  }
  return latest;
}

void add_index_variable(Json& spec) {
  const std::string path = "metadata.labels['" + std::string(kCompletionIndex) + "']";
  const Json variable{{"name", kIndexVariable}, {"valueFrom", {{"fieldRef", {{"fieldPath", path}}}}}};
  for (const char* list : {"initContainers", "containers"}) {
    const auto containers = spec.find(list);
    if (containers == spec.end() || !containers->is_array()) continue;
    for (Json& container : *containers) {
      Json& environment = container["env"];
      if (!environment.is_array()) environment = Json::array();
      const bool has_it = std::any_of(environment.begin(), environment.end(),
                                      [](const Json& each) { return string_at(each, {"name"}) == kIndexVariable; });
      if (!has_it) environment.push_back(variable);
    }
  }
}

void set_index(Json& pod, const Json& job, std::int64_t index) {
  const std::string text = std::to_string(index);
  const std::string suffix = "-" + text + "-";
  const std::string name = api::name_of(job);
  Json& metadata = pod["metadata"];
  metadata["generateName"] = name.substr(0, kMaxNamePrefix - suffix.size()) + suffix;
  metadata["annotations"][kCompletionIndex] = text;
  metadata["labels"][kCompletionIndex] = text;
  pod["spec"]["hostname"] = name + "-" + text;
  add_index_variable(pod["spec"]);
}

void set_index_failures(Json& pod, const Json& job, const Json* replaced) {
  IndexFailures failures;
  if (replaced != nullptr) {
    failures = index_failures(*replaced);
    ++(judge_failure(job, *replaced).counts ? failures.counted : failures.ignored);
  }
  Json& annotations = pod["metadata"]["annotations"];
  annotations[kFailureCount] = std::to_string(failures.counted);
  if (failures.ignored > 0) annotations[kIgnoredFailureCount] = std::to_string(failures.ignored);
}

}  // namespace

bool is_indexed(const Json& job) { return string_at(job, {"spec", "completionMode"}) == "Indexed"; }

bool has_limit_per_index(const Json& job) {
  return is_indexed(job) && find(job, {"spec", "backoffLimitPerIndex"}) != nullptr;
}

bool replaces_only_ended(const Json& job) {
  return string_at(job, {"spec", "podReplacementPolicy"}) == "Failed" ||
         find(job, {"spec", "podFailurePolicy"}) != nullptr;
}

std::optional<std::int64_t> completion_index(const Json& pod) {
  return natural_number(api::annotation_of(pod, kCompletionIndex));
}

bool has_failed(const Json& job, const Json& pod) {
  const std::string phase = string_at(pod, {"status", "phase"});
  if (phase == "Failed") return true;
  return !replaces_only_ended(job) && api::is_terminating(pod) && phase != "Succeeded";
}

FailureVerdict judge_failure(const Json& job, const Json& pod) {
  FailureVerdict verdict;
  const Json* rules = find(job, {"spec", "podFailurePolicy", "rules"});
  for (std::size_t i = 0; rules != nullptr && i < rules->size(); ++i) {
    const std::optional<std::string> match = match_rule((*rules)[i], pod);
    if (!match) continue;
    const std::string action = string_at((*rules)[i], {"action"});
    verdict.counts = action != "Ignore";
    verdict.fails_index = action == "FailIndex";
    if (action == "FailJob") verdict.job_failure = *match + " matching FailJob rule at index " + std::to_string(i);
    break;
  }
  return verdict;
}

IndexFailures index_failures(const Json& pod) {
  return IndexFailures{natural_number(api::annotation_of(pod, kFailureCount)).value_or(0),
                       natural_number(api::annotation_of(pod, kIgnoredFailureCount)).value_or(0)};
}

TimePoint finish_time(const Json& pod) {
  if (const auto finished = containers_finish_time(pod)) return *finished;
  if (const Json* ready = api::find_condition(pod, "Ready"); ready && string_at(*ready, {"status"}) == "False") {
    if (const auto since = parse_time(string_at(*ready, {"lastTransitionTime"}))) return *since;
  }
  if (const auto deleted = api::deletion_time_of(pod)) {
    return *deleted - std::chrono::seconds(integer_at(pod, {"metadata", "deletionGracePeriodSeconds"}));
  }
  return api::creation_time_of(pod).value_or(TimePoint());
}

Json job_pod(const Json& job, std::optional<std::int64_t> index, const Json* replaced) {
  Json pod = pod_from_template(api::kJobs, job);
  Json& finalizers = pod["metadata"]["finalizers"];
  if (!finalizers.is_array()) finalizers = Json::array();
  if (!api::has_finalizer(pod, kTrackingFinalizer)) finalizers.push_back(kTrackingFinalizer);
  if (index) {
    set_index(pod, job, *index);
    if (has_limit_per_index(job)) set_index_failures(pod, job, replaced);
  }
  return pod;
}

}  // namespace skiff::controllers
