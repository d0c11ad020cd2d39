#include "server/registry/kinds/workload.h"

#include "api/schema/validate.h"
#include "api/selector.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/object_meta.h"

namespace skiff::server {

namespace {

bool selects_everything(const Json& selector) {
  const Json* labels = find(selector, {"matchLabels"});
  const Json* expressions = find(selector, {"matchExpressions"});
  return (labels == nullptr || labels->empty()) && (expressions == nullptr || expressions->empty());
}

void validate_expressions(const Json& expressions, api::FieldErrors& errors) {
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    const std::string path = api::index("spec.selector.matchExpressions", i);
    const std::string op = string_at(expressions[i], {"operator"});
    const Json* values = find(expressions[i], {"values"});
    const bool has_values = values != nullptr && !values->empty();
    if (op == "In" || op == "NotIn") {
      if (!has_values) {
        errors.required(api::child(path, "values"), "must be specified when `operator` is 'In' or 'NotIn'");
      }
    } else if (op == "Exists" || op == "DoesNotExist") {
      if (has_values) {
        errors.forbidden(api::child(path, "values"),
                         "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
    } else {
      errors.invalid(api::child(path, "operator"), op, "not a valid selector operator");
    }
    const std::string key = string_at(expressions[i], {"key"});
    for (std::string& what : api::schema::format_messages("qualified-name", key)) {
      errors.invalid(api::child(path, "key"), key, std::move(what));
    }
  }
}

}  // namespace

void validate_selector(const Json& object, api::FieldErrors& errors) {
  const Json* selector = find(object, {"spec", "selector"});
  if (selector == nullptr) return;
  if (const Json* labels = find(*selector, {"matchLabels"})) {
    validate_labels(*labels, "spec.selector.matchLabels", errors);
  }
  if (const Json* expressions = find(*selector, {"matchExpressions"})) validate_expressions(*expressions, errors);
  if (selects_everything(*selector)) {
    // Upstream says "deployment" for ReplicaSets, too.
    errors.invalid("spec.selector", *selector, "empty selector is invalid for deployment");
    return;
  }
  const auto parsed = api::LabelSelector::from_object(*selector);
  if (!parsed) return errors.invalid("spec.selector", *selector, "invalid label selector");
  const Json* labels = find(object, {"spec", "template", "metadata", "labels"});
  const Json none;
  if (labels == nullptr) labels = &none;
  if (!parsed->matches_object_labels(*labels)) {
    errors.add(api::FieldError{api::FieldErrorType::kInvalid, "spec.template.metadata.labels", go_string_map(*labels),
                               "`selector` does not match template `labels`"});
  }
}

ScaleSpec workload_scale() {
  return ScaleSpec{[](const Json& object) {
    const Json* selector = find(object, {"spec", "selector"});
    if (selector == nullptr) return std::string();
    const auto parsed = api::LabelSelector::from_object(*selector);
    return parsed ? parsed->to_string() : std::string();
  }};
}

}  // namespace skiff::server
