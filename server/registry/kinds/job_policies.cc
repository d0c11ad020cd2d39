#include "api/schema/validate.h"
#include "api/views/index_set.h"
#include "server/registry/kinds/job.h"
#include "server/registry/kinds/pod_spec.h"

#include <algorithm>
#include <set>

namespace skiff::server {

namespace {

constexpr std::size_t kMaxFailureRules = 20;
constexpr std::size_t kMaxExitCodes = 255;
constexpr std::size_t kMaxConditionPatterns = 20;
constexpr std::size_t kMaxSuccessRules = 20;
constexpr std::size_t kMaxIndexesLength = 64 * 1024;

using NameList = std::vector<std::string>;

// As Go's %q prints a list: ["a" "b"].
std::string go_list(const NameList& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + to_json_text(name);
  return "[" + text + "]";
}

// That the member is one of the names; a missing one is required.
void validate_choice(const Json& object, const char* member, const NameList& names, const std::string& path,
                     api::FieldErrors& errors) {
  const std::string value = string_at(object, {member});
  if (value.empty()) return errors.required(api::child(path, member), "valid values: " + go_list(names));
  if (std::find(names.begin(), names.end(), value) == names.end()) {
    errors.not_supported(api::child(path, member), value, names);
  }
}

void validate_invalid(const std::string& path, std::string detail, api::FieldErrors& errors) {
  errors.add(api::FieldError{api::FieldErrorType::kInvalid, path, "", std::move(detail)});
}

void validate_exit_code_list(const Json& requirement, const std::string& path, api::FieldErrors& errors) {
  const Json values = requirement.value("values", Json());
  if (values.empty()) {
    errors.invalid(path, values, "at least one value is required");
  } else if (values.size() > kMaxExitCodes) {
    errors.too_many(path, values.size(), kMaxExitCodes);
  }
  std::set<std::int64_t> seen;
  bool is_ordered = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string value_path = api::index(path, i);
    if (values[i] == 0 && string_at(requirement, {"operator"}) == "In") {
      errors.invalid(value_path, values[i], "must not be 0 for the In operator");
    }
    if (!seen.insert(values[i].get<std::int64_t>()).second) errors.duplicate(value_path, values[i]);
    if (i > 0 && values[i - 1] > values[i]) is_ordered = false;
  }
  if (!is_ordered) errors.invalid(path, values, "must be ordered");
}

void validate_exit_codes(const Json& requirement, const std::set<std::string>& containers, const std::string& path,
                         api::FieldErrors& errors) {
  validate_choice(requirement, "operator", {"In", "NotIn"}, path, errors);
  if (const Json* name = find(requirement, {"containerName"}); name && !containers.contains(name->get<std::string>())) {
    errors.invalid(api::child(path, "containerName"), *name,
                   "must be one of the container or initContainer names in the pod template");
  }
  validate_exit_code_list(requirement, api::child(path, "values"), errors);
}

void validate_conditions(const Json& patterns, const std::string& path, api::FieldErrors& errors) {
  if (patterns.size() > kMaxConditionPatterns) errors.too_many(path, patterns.size(), kMaxConditionPatterns);
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const std::string pattern_path = api::index(path, i);
    const std::string type = string_at(patterns[i], {"type"});
    api::schema::validate_format("qualified-name", type, api::child(pattern_path, "type"), errors);
    validate_choice(patterns[i], "status", {"False", "True", "Unknown"}, pattern_path, errors);
  }
}

void validate_failure_rule(const Json& spec, const Json& rule, const std::set<std::string>& containers,
                           const std::string& path, api::FieldErrors& errors) {
  const std::string action = string_at(rule, {"action"});
  if (action == "FailIndex") {
    if (!spec.contains("backoffLimitPerIndex")) {
      errors.invalid(api::child(path, "action"), action, "requires the backoffLimitPerIndex to be set");
    }
  } else {
    validate_choice(rule, "action", {"Count", "FailIndex", "FailJob", "Ignore"}, path, errors);
  }
  const Json* codes = find(rule, {"onExitCodes"});
  const Json patterns = rule.value("onPodConditions", Json::array());
  if (codes != nullptr) validate_exit_codes(*codes, containers, api::child(path, "onExitCodes"), errors);
  if (!patterns.empty()) validate_conditions(patterns, api::child(path, "onPodConditions"), errors);
  if (codes != nullptr && !patterns.empty()) {
    validate_invalid(path, "specifying both OnExitCodes and OnPodConditions is not supported", errors);
  } else if (codes == nullptr && patterns.empty()) {
    validate_invalid(path, "specifying one of OnExitCodes and OnPodConditions is required", errors);
  }
}

void validate_failure_policy(const Json& spec, const Json& policy, api::FieldErrors& errors) {
  const std::string path = "spec.podFailurePolicy.rules";
  const Json rules = policy.value("rules", Json::array());
  if (rules.size() > kMaxFailureRules) errors.too_many(path, rules.size(), kMaxFailureRules);
  std::set<std::string> containers;
  if (const Json* pod_spec = find(spec, {"template", "spec"})) {
    for_each_container(*pod_spec, [&](const Json& container, const std::string&) {
      containers.insert(string_at(container, {"name"}));
    });
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    validate_failure_rule(spec, rules[i], containers, api::index(path, i), errors);
  }
}

void validate_success_rule(const Json& rule, std::int64_t completions, const std::string& path,
                           api::FieldErrors& errors) {
  const Json* indexes = find(rule, {"succeededIndexes"});
  const Json* count = find(rule, {"succeededCount"});
  if (indexes == nullptr && count == nullptr) {
    errors.required(path, "at least one of succeededCount or succeededIndexes must be specified");
  }
  api::IndexSetCheck check;
  if (indexes != nullptr) {
    const std::string text = indexes->get<std::string>();
    const std::string indexes_path = api::child(path, "succeededIndexes");
    if (text.size() > kMaxIndexesLength) errors.too_long(indexes_path, kMaxIndexesLength);
    check = api::check_index_set(text, completions);
    if (!check.problem.empty()) {
      errors.invalid(indexes_path, text, "error parsing succeededIndexes: " + check.problem);
    }
  }
  if (count == nullptr) return;
  const std::string count_path = api::child(path, "succeededCount");
  if (*count < 0) errors.invalid(count_path, *count, "must be greater than or equal to 0");
  if (*count > completions) {
    errors.invalid(
        count_path, *count,
        "must be less than or equal to " + std::to_string(completions) + " (the number of specified completions)");
  }
  if (indexes != nullptr && *count > check.size) {
    errors.invalid(count_path, *count,
                   "must be less than or equal to " + std::to_string(check.size) +
                       " (the number of indexes in the specified succeededIndexes field)");
  }
}

void validate_success_policy(const Json& spec, const Json& policy, api::FieldErrors& errors) {
  if (!is_indexed_job(spec)) {
    return errors.invalid("spec.successPolicy", policy, "requires indexed completion mode");
  }
  const std::string path = "spec.successPolicy.rules";
  const Json rules = policy.value("rules", Json::array());
  if (rules.empty()) {
    errors.required(path, "at least one rules must be specified when the successPolicy is specified");
  }
  if (rules.size() > kMaxSuccessRules) errors.too_many(path, rules.size(), kMaxSuccessRules);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    validate_success_rule(rules[i], integer_at(spec, {"completions"}), api::index(path, i), errors);
  }
}

}  // namespace

void validate_job_policies(const Json& spec, api::FieldErrors& errors) {
  const Json* failure_policy = find(spec, {"podFailurePolicy"});
  if (failure_policy != nullptr) validate_failure_policy(spec, *failure_policy, errors);
  if (const Json* policy = find(spec, {"successPolicy"})) validate_success_policy(spec, *policy, errors);
  // A pod that still terminates has no exit code to judge it by.
  const std::string replacement = string_at(spec, {"podReplacementPolicy"});
  const NameList allowed = failure_policy != nullptr ? NameList{"Failed"} : NameList{"Failed", "TerminatingOrFailed"};
  if (std::find(allowed.begin(), allowed.end(), replacement) == allowed.end()) {
    errors.not_supported("spec.podReplacementPolicy", replacement, allowed);
  }
}

}  // namespace skiff::server
