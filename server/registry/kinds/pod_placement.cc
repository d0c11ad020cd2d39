#include "api/schema/validate.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/object_meta.h"

#include <algorithm>

namespace skiff::server {

namespace {

void validate_toleration(const Json& toleration, const std::string& path, api::FieldErrors& errors) {
  const std::string key = string_at(toleration, {"key"});
  const std::string op = string_at(toleration, {"operator"});
  const std::string effect = string_at(toleration, {"effect"});
  if (!key.empty()) {
    for (std::string& what : api::schema::format_messages("qualified-name", key)) {
      errors.invalid(api::child(path, "key"), key, std::move(what));
    }
  } else if (op != "Exists") {
    errors.invalid(api::child(path, "operator"), op,
                   "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
  }
  if (toleration.contains("tolerationSeconds") && effect != "NoExecute") {
    errors.invalid(api::child(path, "effect"), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  if (op == "Exists") {
    if (!string_at(toleration, {"value"}).empty()) {
      errors.invalid(api::child(path, "operator"), toleration, "value must be empty when `operator` is 'Exists'");
    }
  } else if (op.empty() || op == "Equal") {
    const std::string value = string_at(toleration, {"value"});
    for (std::string& what : api::schema::format_messages("label-value", value)) {
      errors.invalid(api::child(path, "operator"), value, std::move(what));
    }
  } else {
    errors.not_supported(api::child(path, "operator"), op, {"Equal", "Exists"});
  }
  if (!effect.empty() && effect != "NoSchedule" && effect != "PreferNoSchedule" && effect != "NoExecute") {
    errors.not_supported(api::child(path, "effect"), effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"});
  }
}

void validate_expression(const Json& expression, const std::string& path, api::FieldErrors& errors) {
  const std::string op = string_at(expression, {"operator"});
  const Json* values = find(expression, {"values"});
  const std::size_t count = values == nullptr ? 0 : values->size();
  if (op == "In" || op == "NotIn") {
    if (count == 0) errors.required(api::child(path, "values"), "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (count > 0) {
      errors.forbidden(api::child(path, "values"),
                       "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    }
  } else if (op == "Gt" || op == "Lt") {
    if (count != 1) {
      errors.required(api::child(path, "values"), "must be specified single value when `operator` is 'Lt' or 'Gt'");
    }
  } else {
    errors.invalid(api::child(path, "operator"), op, "not a valid selector operator");
  }
  const std::string key = string_at(expression, {"key"});
  for (std::string& what : api::schema::format_messages("qualified-name", key)) {
    errors.invalid(api::child(path, "key"), key, std::move(what));
  }
}

void validate_node_terms(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  constexpr const char* kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
  const Json* terms = find(spec, {"affinity", "nodeAffinity", kRequired, "nodeSelectorTerms"});
  if (terms == nullptr) return;
  const std::string terms_path =
      api::child(path, "affinity.nodeAffinity." + std::string(kRequired) + ".nodeSelectorTerms");
  for (std::size_t i = 0; i < terms->size(); ++i) {
    const Json* expressions = find((*terms)[i], {"matchExpressions"});
    if (expressions == nullptr) continue;
    const std::string list = api::child(api::index(terms_path, i), "matchExpressions");
    for (std::size_t j = 0; j < expressions->size(); ++j) {
      validate_expression((*expressions)[j], api::index(list, j), errors);
    }
  }
}

}  // namespace

void validate_placement(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  if (const Json* selector = find(spec, {"nodeSelector"})) {
    validate_labels(*selector, api::child(path, "nodeSelector"), errors);
  }
  if (const Json* tolerations = find(spec, {"tolerations"})) {
    for (std::size_t i = 0; i < tolerations->size(); ++i) {
      validate_toleration((*tolerations)[i], api::index(api::child(path, "tolerations"), i), errors);
    }
  }
  validate_node_terms(spec, path, errors);
}

}  // namespace skiff::server
