#include "server/registry/kinds/job.h"

#include "api/go_syntax.h"
#include "api/schema/validate.h"
#include "api/views/meta.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/kinds/warnings.h"
#include "server/registry/kinds/workload.h"
#include "server/registry/object_meta.h"
#include "server/registry/tables/tables.h"

#include <limits>

namespace skiff::server {

namespace {

constexpr const char* kControllerUid = "batch.kubernetes.io/controller-uid";
constexpr const char* kJobName = "batch.kubernetes.io/job-name";
// The same without the prefix, from before there were prefixes.
constexpr const char* kLegacyControllerUid = "controller-uid";
constexpr const char* kLegacyJobName = "job-name";

constexpr std::int64_t kMaxParallelismIndexed = 100'000;
constexpr std::int64_t kMaxFailedIndexes = 100'000;
// Jobs with more completions and a limit per index must be content with less.
constexpr std::int64_t kMaxWithManyCompletions = 10'000;
constexpr std::size_t kMaxManagedByLength = 63;

bool selects_manually(const Json& object) { return bool_at(object, {"spec", "manualSelector"}); }

Json labels_of_template(const Json& object) {
  const Json* labels = find(object, {"spec", "template", "metadata", "labels"});
  return labels == nullptr ? Json() : *labels;
}

void default_labels(Json& object) {
  const Json labels = labels_of_template(object);
  if (labels.is_object() && !labels.empty() && api::labels_of(object).empty()) object["metadata"]["labels"] = labels;
}

// Labels that no other job's pods have, and a selector for them.
void generate_selector(Json& object) {
  const std::string uid = api::uid_of(object);
  const std::string name = api::name_of(object);
  Json& labels = object["spec"]["template"]["metadata"]["labels"];
  if (!labels.is_object()) labels = Json::object();
  labels.emplace(kLegacyJobName, name);
  labels.emplace(kJobName, name);
  labels.emplace(kLegacyControllerUid, uid);
  labels.emplace(kControllerUid, uid);
  Json& selected = object["spec"]["selector"]["matchLabels"];
  if (!selected.is_object()) selected = Json::object();
  selected.emplace(kControllerUid, uid);
}

void validate_generated_selector(const Json& object, api::FieldErrors& errors) {
  const Json* selector = find(object, {"spec", "selector"});
  if (selects_manually(object) || selector == nullptr) return;
  const Json labels = labels_of_template(object);
  Json expected = Json::object();
  const auto expect = [&](const char* key, const std::string& value) {
    expected[key] = value;
    const std::string path = api::key("spec.template.metadata.labels", key);
    if (!labels.is_object() || !labels.contains(key)) {
      errors.required(path, "must be '" + value + "'");
    } else if (labels[key] != value) {
      errors.add(
          api::FieldError{api::FieldErrorType::kInvalid, path, api::go_string_map(labels), "must be '" + value + "'"});
    }
  };
  expect(kLegacyControllerUid, api::uid_of(object));
  expect(kLegacyJobName, api::name_of(object));
  expect(kControllerUid, api::uid_of(object));
  expect(kJobName, api::name_of(object));
  const auto parsed = api::LabelSelector::from_object(*selector);
  if (parsed && !parsed->matches_object_labels(expected)) {
    errors.invalid("spec.selector", *selector, "`selector` not auto-generated");
  }
}

void validate_managed_by(const Json& spec, api::FieldErrors& errors) {
  const Json* value = find(spec, {"managedBy"});
  if (value == nullptr) return;
  const std::string text = value->get<std::string>();
  const std::size_t slash = text.find('/');
  if (text.empty()) {
    errors.required("spec.managedBy");
  } else if (slash == std::string::npos || slash == 0 || slash + 1 == text.size()) {
    errors.invalid("spec.managedBy", text, "must be a domain-prefixed path (such as \"acme.io/foo\")");
  } else {
    const std::string domain = text.substr(0, slash);
    api::schema::validate_format("dns1123-subdomain", domain, "spec.managedBy", errors);
  }
  if (text.size() > kMaxManagedByLength) errors.too_long("spec.managedBy", kMaxManagedByLength);
}

void validate_indexed(const Json& spec, api::FieldErrors& errors) {
  const Json* completions = find(spec, {"completions"});
  const Json* max_failed = find(spec, {"maxFailedIndexes"});
  const Json parallelism = spec.value("parallelism", Json(1));
  const auto limit = [&](const char* member, const Json& value, std::int64_t most, const std::string& when = "") {
    if (value <= most) return;
    errors.invalid(api::child("spec", member), value, "must be less than or equal to " + std::to_string(most) + when);
  };
  if (completions == nullptr) errors.required("spec.completions", "when completion mode is Indexed");
  limit("parallelism", parallelism, kMaxParallelismIndexed, " when completion mode is Indexed");
  if (completions != nullptr && max_failed != nullptr && *max_failed > *completions) {
    errors.invalid("spec.maxFailedIndexes", *max_failed, "must be less than or equal to completions");
  }
  if (max_failed != nullptr) limit("maxFailedIndexes", *max_failed, kMaxFailedIndexes);
  const bool has_many = completions != nullptr && *completions > kManyCompletions;
  if (!has_many || !spec.contains("backoffLimitPerIndex")) return;
  const std::string many = std::to_string(kManyCompletions);
  const std::string when = " when completions are above " + many + " and used with backoff limit per index";
  if (max_failed == nullptr) {
    errors.required("spec.maxFailedIndexes", "must be specified when completions is above " + many);
  }
  limit("parallelism", parallelism, kMaxWithManyCompletions, when);
  if (max_failed != nullptr) limit("maxFailedIndexes", *max_failed, kMaxWithManyCompletions, when);
}

void validate_completion_mode(const Json& spec, api::FieldErrors& errors) {
  if (spec.contains("maxFailedIndexes") && !spec.contains("backoffLimitPerIndex")) {
    errors.required("spec.backoffLimitPerIndex", "when maxFailedIndexes is specified");
  }
  validate_managed_by(spec, errors);
  if (is_indexed_job(spec)) return validate_indexed(spec, errors);
  for (const char* member : {"backoffLimitPerIndex", "maxFailedIndexes"}) {
    if (const Json* value = find(spec, {member})) {
      errors.invalid(api::child("spec", member), *value, "requires indexed completion mode");
    }
  }
}

// The pods' host names end in their index.
void validate_host_names(const Json& object, api::FieldErrors& errors) {
  const std::int64_t completions = integer_at(object, {"spec", "completions"});
  if (!is_indexed_job(object.at("spec")) || completions <= 0) return;
  const std::string name = api::name_of(object);
  const std::string longest = name + "-" + std::to_string(completions - 1);
  if (api::schema::format_messages("dns1123-label", longest).empty()) return;
  errors.invalid("metadata.name", name, "will not able to create pod with invalid DNS label: " + longest);
}

// The template as an update may have it: a job that has never run may still change where its pods go.
Json comparable_template(const Json& object, const Json& old_object) {
  Json old_template = old_object.at("spec").at("template");
  const bool has_run = find(old_object, {"status", "startTime"}) != nullptr;
  if (has_run || !bool_at(old_object, {"spec", "suspend"})) return old_template;
  const Json& template_ = object.at("spec").at("template");
  const auto take = [](Json& to, const Json& from, const char* member) {
    to.erase(member);
    if (const Json* value = find(from, {member})) to[member] = *value;
  };
  for (const char* member : {"nodeSelector", "tolerations", "schedulingGates"}) {
    take(old_template["spec"], template_.at("spec"), member);
  }
  for (const char* member : {"annotations", "labels"}) {
    take(old_template["metadata"], template_.value("metadata", Json::object()), member);
  }
  const Json affinity = template_.at("spec").value("affinity", Json::object());
  Json& old_affinity = old_template["spec"]["affinity"];
  if (!old_affinity.is_object()) old_affinity = Json::object();
  take(old_affinity, affinity, "nodeAffinity");
  if (old_affinity.empty() && !template_.at("spec").contains("affinity")) old_template["spec"].erase("affinity");
  return old_template;
}

class JobStrategy final : public Strategy {
 public:
  void apply_defaults(Json& object) const override {
    default_template(object);
    Json& spec = object["spec"];
    if (!spec.contains("completions") && !spec.contains("parallelism")) spec["completions"] = 1;
    if (!spec.contains("parallelism")) spec["parallelism"] = 1;
    if (!spec.contains("backoffLimit")) {
      spec["backoffLimit"] = spec.contains("backoffLimitPerIndex") ? std::numeric_limits<std::int32_t>::max() : 6;
    }
    if (!spec.contains("podReplacementPolicy")) {
      spec["podReplacementPolicy"] = spec.contains("podFailurePolicy") ? "Failed" : "TerminatingOrFailed";
    }
    default_labels(object);
  }

  void prepare_for_create(Json& object, TimePoint now) const override {
    Strategy::prepare_for_create(object, now);
    if (!selects_manually(object)) generate_selector(object);
    default_labels(object);
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    validate_generated_selector(object, errors);
    const Json& spec = object.at("spec");
    validate_completion_mode(spec, errors);
    validate_job_policies(spec, errors);
    validate_job_template(spec, "spec", errors);
    if (const Json* selector = find(spec, {"selector"})) {
      validate_template_match(*selector, labels_of_template(object), errors);
    } else {
      errors.required("spec.selector");
    }
    validate_host_names(object, errors);
  }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    const Json& spec = object.at("spec");
    const Json& old_spec = old_object.at("spec");
    const auto keep = [&](const char* member) {
      const Json value = spec.value(member, Json());
      if (value != old_spec.value(member, Json())) {
        errors.invalid(api::child("spec", member), value, "field is immutable");
      }
    };
    if (!is_indexed_job(spec)) {
      keep("completions");
    } else if (spec.contains("completions") && spec["completions"] != old_spec.value("completions", Json()) &&
               spec["completions"] != spec.value("parallelism", Json())) {
      errors.invalid("spec.completions", spec["completions"], "can only be modified in tandem with spec.parallelism");
    }
    keep("selector");
    if (spec.at("template") != comparable_template(object, old_object)) {
      errors.invalid("spec.template", spec.at("template"), "field is immutable");
    }
    for (const char* member :
         {"completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"}) {
      keep(member);
    }
  }

  void validate_status_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    validate_job_status(object, old_object, errors);
  }

  [[nodiscard]] bool counts_generation() const override { return true; }
  [[nodiscard]] bool orphans_dependents() const override { return true; }
  [[nodiscard]] std::string_view deletion_warning() const override {
    return "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them "
           "or set propagationPolicy=Orphan to suppress this warning";
  }

  [[nodiscard]] const std::vector<SelectableField>& selectable_fields() const override {
    static const std::vector<SelectableField> fields = {
        {"status.successful", [](const Json& object) {
           return std::to_string(integer_at(object, {"status", "succeeded"}));
         }}};
    return fields;
  }

  void warn(const Json& object, const Json* old_object, std::vector<std::string>& warnings) const override {
    if (old_object == nullptr) warn_of_name(object, "Pod names and hostnames", warnings);
    if (old_object != nullptr && api::generation_of(object) == api::generation_of(*old_object)) return;
    warn_of_job(object.at("spec"), "spec", warnings);
  }
};

}  // namespace

void validate_job_template(const Json& spec, const std::string& path, api::FieldErrors& errors) {
  const Json template_ = spec.value("template", Json::object());
  const std::string template_path = api::child(path, "template");
  validate_pod_template(template_, template_path, errors);
  const std::string policy_path = api::child(template_path, "spec.restartPolicy");
  const std::string policy = string_at(template_, {"spec", "restartPolicy"});
  // Pods have "Always" by default, so whoever said nothing has it, too.
  if (policy.empty() || policy == "Always") {
    errors.required(policy_path, "valid values: \"OnFailure\", \"Never\"");
  } else if (policy == "OnFailure" && spec.contains("podFailurePolicy")) {
    errors.invalid(policy_path, policy, "only \"Never\" is supported when podFailurePolicy is specified");
  }
}

bool is_indexed_job(const Json& spec) { return string_at(spec, {"completionMode"}) == "Indexed"; }

Kind job_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "Job";
  kind.plural = "jobs";
  kind.singular = "job";
  kind.categories = {"all"};
  kind.has_status = true;
  kind.versions = {served_version(catalog, "batch", "v1", "Job")};
  kind.strategy = std::make_shared<JobStrategy>();
  kind.table = job_table();
  return kind;
}

}  // namespace skiff::server
