#include "server/registry/kinds/label_selector.h"

#include "api/schema/validate.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/object_meta.h"

namespace skiff::server {

namespace {

void validate_expression(const Json& expression, const std::string& path, api::FieldErrors& errors) {
  const std::string op = string_at(expression, {"operator"});
  const Json& values = elements_of(expression, "values");
  const std::string values_path = api::child(path, "values");
  if (op == "In" || op == "NotIn") {
    if (values.empty()) errors.required(values_path, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (!values.empty()) {
      errors.forbidden(values_path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    }
  } else {
    errors.invalid(api::child(path, "operator"), op, "not a valid selector operator");
  }
  api::schema::validate_format("qualified-name", string_at(expression, {"key"}), api::child(path, "key"), errors);
  for_each_element(expression, "values", path, [&](const Json& value, const std::string& value_path) {
    api::schema::validate_format("label-value", value.get<std::string>(), value_path, errors);
  });
}

}  // namespace

void validate_label_selector(const Json& selector, std::string_view path, api::FieldErrors& errors) {
  if (const Json* labels = find(selector, {"matchLabels"})) {
    validate_labels(*labels, api::child(path, "matchLabels"), errors);
  }
  for_each_element(selector, "matchExpressions", path, [&](const Json& expression, const std::string& own_path) {
    validate_expression(expression, own_path, errors);
  });
}

}  // namespace skiff::server
