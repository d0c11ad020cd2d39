#include "server/registry/kinds/workload.h"

#include "api/base/text.h"
#include "api/go_syntax.h"
#include "api/selector.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/label_selector.h"
#include "server/registry/kinds/pod_spec.h"

#include <optional>

namespace skiff::server {

namespace {

bool selects_everything(const Json& selector) {
  const Json* labels = find(selector, {"matchLabels"});
  const Json* expressions = find(selector, {"matchExpressions"});
  return (labels == nullptr || labels->empty()) && (expressions == nullptr || expressions->empty());
}

// The percentage of "25%", or nothing.
std::optional<std::int64_t> percentage(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.get_ref<const std::string&>();
  if (text.size() < 2 || text.size() > 7 || text.back() != '%') return std::nullopt;
  std::int64_t number = 0;
  for (const char c : std::string_view(text).substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

Kind apps_kind(const api::schema::Catalog& catalog, std::string name) {
  Kind kind;
  kind.singular = lower_case(name);
  kind.plural = kind.singular + "s";
  kind.versions = {served_version(catalog, "apps", "v1", name), served_version(catalog, "apps", "v1beta2", name)};
  kind.versions[1].deprecation_warning =
      "apps/v1beta2 " + name + " is deprecated in v1.9+, unavailable in v1.16+; use apps/v1 " + name;
  kind.kind = std::move(name);
  return kind;
}

void default_template(Json& object) {
  if (find(object, {"spec", "template", "spec"}) != nullptr) default_pod_spec(object["spec"]["template"]["spec"]);
}

void validate_selector(const Json& object, api::FieldErrors& errors, std::string_view kind) {
  const Json* selector = find(object, {"spec", "selector"});
  if (selector == nullptr) return;
  if (selects_everything(*selector)) {
    return errors.invalid_as("spec.selector", api::go_label_selector(*selector),
                             "empty selector is invalid for " + std::string(kind));
  }
  const Json* labels = find(object, {"spec", "template", "metadata", "labels"});
  validate_template_match(*selector, labels == nullptr ? Json() : *labels, errors);
}

void validate_template_match(const Json& selector, const Json& labels, api::FieldErrors& errors) {
  validate_label_selector(selector, "spec.selector", errors);
  const auto parsed = api::LabelSelector::from_object(selector);
  if (!parsed) return errors.invalid_as("spec.selector", api::go_label_selector(selector), "invalid label selector");
  if (!parsed->matches_object_labels(labels)) {
    errors.invalid_as("spec.template.metadata.labels", api::go_string_map(labels),
                      "`selector` does not match template `labels`");
  }
}

void validate_lasting_template(const Json& object, std::string_view kind, api::FieldErrors& errors) {
  const Json* template_ = find(object, {"spec", "template"});
  if (template_ == nullptr) return;
  validate_pod_template(*template_, "spec.template", errors);
  const Json* spec = find(*template_, {"spec"});
  if (spec == nullptr) return;
  if (const std::string policy = string_at(*spec, {"restartPolicy"}); policy == "OnFailure" || policy == "Never") {
    errors.not_supported("spec.template.spec.restartPolicy", policy, {"Always"});
  }
  if (spec->contains("activeDeadlineSeconds")) {
    errors.forbidden("spec.template.spec.activeDeadlineSeconds",
                     "activeDeadlineSeconds in " + std::string(kind) + " is not Supported");
  }
}

void validate_replica_counts(const Json& object, api::FieldErrors& errors) {
  const auto check = [&](const char* part, const char* whole, const char* message) {
    const std::int64_t count = integer_at(object, {"status", part});
    if (count > integer_at(object, {"status", whole})) errors.invalid(api::child("status", part), count, message);
  };
  check("fullyLabeledReplicas", "replicas", "cannot be greater than status.replicas");
  check("readyReplicas", "replicas", "cannot be greater than status.replicas");
  check("availableReplicas", "replicas", "cannot be greater than status.replicas");
  check("availableReplicas", "readyReplicas", "cannot be greater than readyReplicas");
}

void validate_step(const Json& step, const std::string& path, api::FieldErrors& errors) {
  if (step.is_number()) {
    if (step < 0) errors.invalid(path, step, "must be greater than or equal to 0");
  } else if (!percentage(step)) {
    errors.invalid_as(
        path, api::go_int_or_string(step),
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
        "regex used for validation is '[0-9]+%')");
  }
}

void validate_at_most_all(const Json& step, const std::string& path, api::FieldErrors& errors) {
  if (percentage(step).value_or(0) > 100)
    errors.invalid_as(path, api::go_int_or_string(step), "must not be greater than 100%");
}

bool is_zero_step(const Json& step) { return step.is_number() ? step == 0 : percentage(step) == 0; }

ScaleSpec workload_scale() {
  return ScaleSpec{[](const Json& object) {
    const Json* selector = find(object, {"spec", "selector"});
    if (selector == nullptr) return std::string();
    const auto parsed = api::LabelSelector::from_object(*selector);
    return parsed ? parsed->to_string() : std::string();
  }};
}

}  // namespace skiff::server
