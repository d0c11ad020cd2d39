#include "server/registry/kinds/workload.h"

#include "api/selector.h"
#include "server/registry/kinds/label_selector.h"
#include "server/registry/kinds/pod_spec.h"

namespace skiff::server {

namespace {

bool selects_everything(const Json& selector) {
  const Json* labels = find(selector, {"matchLabels"});
  const Json* expressions = find(selector, {"matchExpressions"});
  return (labels == nullptr || labels->empty()) && (expressions == nullptr || expressions->empty());
}

}  // namespace

void validate_selector(const Json& object, api::FieldErrors& errors) {
  const Json* selector = find(object, {"spec", "selector"});
  if (selector == nullptr) return;
  validate_label_selector(*selector, "spec.selector", errors);
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
