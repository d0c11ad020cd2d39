#include "server/registry/kinds/label_selector.h"

#include "api/schema/validate.h"
#include "server/registry/object_meta.h"

namespace skiff::server {

namespace {

void validate_operator(const Json& expression, const std::string& path, api::FieldErrors& errors) {
  const std::string op = string_at(expression, {"operator"});
  const Json* values = find(expression, {"values"});
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
}

void validate_expression(const Json& expression, const std::string& path, api::FieldErrors& errors) {
  validate_operator(expression, path, errors);
  const std::string key = string_at(expression, {"key"});
  for (std::string& what : api::schema::format_messages("qualified-name", key)) {
    errors.invalid(api::child(path, "key"), key, std::move(what));
  }
  const Json* values = find(expression, {"values"});
  if (values == nullptr) return;
  for (std::size_t i = 0; i < values->size(); ++i) {
    const std::string value = (*values)[i].get<std::string>();
    for (std::string& what : api::schema::format_messages("label-value", value)) {
      errors.invalid(api::index(api::child(path, "values"), i), value, std::move(what));
    }
  }
}

}  // namespace

void validate_label_selector(const Json& selector, std::string_view path, api::FieldErrors& errors) {
  if (const Json* labels = find(selector, {"matchLabels"})) {
    validate_labels(*labels, api::child(path, "matchLabels"), errors);
  }
  const Json* expressions = find(selector, {"matchExpressions"});
  if (expressions == nullptr) return;
  const std::string expressions_path = api::child(path, "matchExpressions");
  for (std::size_t i = 0; i < expressions->size(); ++i) {
    validate_expression((*expressions)[i], api::index(expressions_path, i), errors);
  }
}

}  // namespace skiff::server
