#include "api/schema/validate.h"
#include "server/registry/kinds/label_selector.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/object_meta.h"

#include <algorithm>
#include <set>

namespace skiff::server {

namespace {

constexpr const char* kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr const char* kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";
constexpr const char* kNotPositive = "must be greater than zero";

void validate_toleration(const Json& toleration, const std::string& path, api::FieldErrors& errors) {
  const std::string key = string_at(toleration, {"key"});
  const std::string op = string_at(toleration, {"operator"});
  const std::string value = string_at(toleration, {"value"});
  const std::string effect = string_at(toleration, {"effect"});
  const std::string op_path = api::child(path, "operator");
  if (!key.empty()) {
    api::schema::validate_format("qualified-name", key, api::child(path, "key"), errors);
  } else if (op != "Exists") {
    errors.invalid(op_path, op,
                   "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
  }
  if (toleration.contains("tolerationSeconds") && effect != "NoExecute") {
    errors.invalid(api::child(path, "effect"), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  if (op.empty() || op == "Equal") {
    const std::string what = api::schema::check_format("label-value", value, ";");
    if (!what.empty()) errors.invalid(op_path, value, what);
  } else if (op == "Exists") {
    if (!value.empty()) errors.invalid(op_path, value, "value must be empty when `operator` is 'Exists'");
  } else {
    errors.not_supported(op_path, op, {"Equal", "Exists"});
  }
  if (!effect.empty() && effect != "NoSchedule" && effect != "PreferNoSchedule" && effect != "NoExecute") {
    errors.not_supported(api::child(path, "effect"), effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"});
  }
}

// A requirement on a label of nodes. What is only preferred may name values that no label can have.
void validate_node_expression(const Json& expression, bool is_required, const std::string& path,
                              api::FieldErrors& errors) {
  const std::string op = string_at(expression, {"operator"});
  const std::size_t count = elements_of(expression, "values").size();
  const std::string values_path = api::child(path, "values");
  if (op == "In" || op == "NotIn") {
    if (count == 0) errors.required(values_path, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (count > 0) {
      errors.forbidden(values_path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    }
  } else if (op == "Gt" || op == "Lt") {
    if (count != 1) errors.required(values_path, "must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else {
    errors.invalid(api::child(path, "operator"), op, "not a valid selector operator");
  }
  api::schema::validate_format("qualified-name", string_at(expression, {"key"}), api::child(path, "key"), errors);
  if (!is_required) return;
  for_each_element(expression, "values", path, [&](const Json& value, const std::string& value_path) {
    api::schema::validate_format("label-value", value.get<std::string>(), value_path, errors);
  });
}

// A requirement on a field of nodes: only the name may be asked for.
void validate_node_field(const Json& requirement, const std::string& path, api::FieldErrors& errors) {
  const std::string op = string_at(requirement, {"operator"});
  if (op != "In" && op != "NotIn") {
    errors.invalid(api::child(path, "operator"), op, "not a valid selector operator");
  } else if (elements_of(requirement, "values").size() != 1) {
    errors.required(api::child(path, "values"),
                    "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  }
  const std::string key = string_at(requirement, {"key"});
  if (key != "metadata.name") {
    return errors.invalid(api::child(path, "key"), key, "not a valid field selector key");
  }
  for_each_element(requirement, "values", path, [&](const Json& value, const std::string& value_path) {
    api::schema::validate_format("dns1123-subdomain", value.get<std::string>(), value_path, errors);
  });
}

void validate_node_term(const Json& term, bool is_required, const std::string& path, api::FieldErrors& errors) {
  for_each_element(term, "matchExpressions", path, [&](const Json& expression, const std::string& own_path) {
    validate_node_expression(expression, is_required, own_path, errors);
  });
  for_each_element(term, "matchFields", path, [&](const Json& requirement, const std::string& own_path) {
    validate_node_field(requirement, own_path, errors);
  });
}

void validate_weight(const Json& term, const std::string& path, api::FieldErrors& errors) {
  const std::int64_t weight = integer_at(term, {"weight"});
  if (weight < 1 || weight > 100) errors.invalid(api::child(path, "weight"), weight, "must be in the range 1-100");
}

void validate_node_affinity(const Json& affinity, const std::string& path, api::FieldErrors& errors) {
  if (const Json* required = find(affinity, {kRequired})) {
    const std::string own_path = api::child(path, kRequired);
    if (elements_of(*required, "nodeSelectorTerms").empty()) {
      errors.required(api::child(own_path, "nodeSelectorTerms"), "must have at least one node selector term");
    }
    for_each_element(*required, "nodeSelectorTerms", own_path, [&](const Json& term, const std::string& term_path) {
      validate_node_term(term, true, term_path, errors);
    });
  }
  for_each_element(affinity, kPreferred, path, [&](const Json& preferred, const std::string& own_path) {
    validate_weight(preferred, own_path, errors);
    if (const Json* term = find(preferred, {"preference"})) {
      validate_node_term(*term, false, api::child(own_path, "preference"), errors);
    }
  });
}

bool selects_by(const Json& selector, const std::string& key) {
  if (find(selector, {"matchLabels", key}) != nullptr) return true;
  const Json& expressions = elements_of(selector, "matchExpressions");
  return std::any_of(expressions.begin(), expressions.end(),
                     [&](const Json& expression) { return string_at(expression, {"key"}) == key; });
}

// Labels of the pod itself whose values are added to, or excluded by, a selector.
void validate_label_keys(const Json& owner, const char* name, const std::string& path, api::FieldErrors& errors) {
  if (elements_of(owner, name).empty()) return;
  if (!owner.contains("labelSelector")) {
    return errors.forbidden(api::child(path, name), "must not be specified when labelSelector is not set");
  }
  for_each_element(owner, name, path, [&](const Json& key, const std::string& key_path) {
    api::schema::validate_format("qualified-name", key.get<std::string>(), key_path, errors);
  });
}

void validate_pod_term(const Json& term, const std::string& path, api::FieldErrors& errors) {
  for (const char* name : {"labelSelector", "namespaceSelector"}) {
    if (const Json* selector = find(term, {name})) validate_label_selector(*selector, api::child(path, name), errors);
  }
  for (const Json& name : elements_of(term, "namespaces")) {
    api::schema::validate_format("dns1123-label", name.get<std::string>(), api::child(path, "namespace"), errors);
  }
  validate_label_keys(term, "matchLabelKeys", path, errors);
  validate_label_keys(term, "mismatchLabelKeys", path, errors);
  const Json& excluded = elements_of(term, "mismatchLabelKeys");
  for_each_element(term, "matchLabelKeys", path, [&](const Json& key, const std::string& key_path) {
    if (std::find(excluded.begin(), excluded.end(), key) != excluded.end()) {
      errors.invalid(key_path, key, "exists in both matchLabelKeys and mismatchLabelKeys");
    }
  });
  const std::string topology = string_at(term, {"topologyKey"});
  const std::string topology_path = api::child(path, "topologyKey");
  if (topology.empty()) errors.required(topology_path, "can not be empty");
  api::schema::validate_format("qualified-name", topology, topology_path, errors);
}

void validate_pod_affinity(const Json& affinity, const std::string& path, api::FieldErrors& errors) {
  for_each_element(affinity, kRequired, path,
                   [&](const Json& term, const std::string& own_path) { validate_pod_term(term, own_path, errors); });
  for_each_element(affinity, kPreferred, path, [&](const Json& preferred, const std::string& own_path) {
    validate_weight(preferred, own_path, errors);
    if (const Json* term = find(preferred, {"podAffinityTerm"})) {
      validate_pod_term(*term, api::child(own_path, "podAffinityTerm"), errors);
    }
  });
}

void validate_affinity(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  const std::string own_path = api::child(path, "affinity");
  if (const Json* node = find(spec, {"affinity", "nodeAffinity"})) {
    validate_node_affinity(*node, api::child(own_path, "nodeAffinity"), errors);
  }
  for (const char* name : {"podAffinity", "podAntiAffinity"}) {
    if (const Json* pod = find(spec, {"affinity", name})) {
      validate_pod_affinity(*pod, api::child(own_path, name), errors);
    }
  }
}

void validate_spread(const Json& constraint, const std::string& path, api::FieldErrors& errors) {
  const std::int64_t skew = integer_at(constraint, {"maxSkew"});
  if (skew <= 0) errors.invalid(api::child(path, "maxSkew"), skew, kNotPositive);
  if (string_at(constraint, {"topologyKey"}).empty()) {
    errors.required(api::child(path, "topologyKey"), "can not be empty");
  }
  if (const Json* domains = find(constraint, {"minDomains"})) {
    const std::string action = string_at(constraint, {"whenUnsatisfiable"});
    if (*domains <= 0) errors.invalid(api::child(path, "minDomains"), *domains, kNotPositive);
    if (action != "DoNotSchedule") {
      errors.invalid(api::child(path, "minDomains"), *domains,
                     "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " + action);
    }
  }
  validate_label_keys(constraint, "matchLabelKeys", path, errors);
  const Json* selector = find(constraint, {"labelSelector"});
  if (selector == nullptr) return;
  for_each_element(constraint, "matchLabelKeys", path, [&](const Json& key, const std::string& key_path) {
    if (selects_by(*selector, key.get<std::string>())) {
      errors.invalid(key_path, key, "exists in both matchLabelKeys and labelSelector");
    }
  });
  validate_label_selector(*selector, api::child(path, "labelSelector"), errors);
}

std::string spread_pair(const Json& constraint) {
  return "{" + string_at(constraint, {"topologyKey"}) + ", " + string_at(constraint, {"whenUnsatisfiable"}) + "}";
}

void validate_spreads(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  const Json& constraints = elements_of(spec, "topologySpreadConstraints");
  for (std::size_t i = 0; i < constraints.size(); ++i) {
    const std::string own_path = api::index(api::child(path, "topologySpreadConstraints"), i);
    validate_spread(constraints[i], own_path, errors);
    // The earlier one of two equal ones is to blame.
    const std::string pair = spread_pair(constraints[i]);
    const auto next = constraints.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    if (std::any_of(next, constraints.end(), [&](const Json& other) { return spread_pair(other) == pair; })) {
      errors.duplicate(api::child(own_path, "{topologyKey, whenUnsatisfiable}"), pair);
    }
  }
}

void validate_gates(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  for_each_element(spec, "readinessGates", path, [&](const Json& gate, const std::string& own_path) {
    api::schema::validate_format("qualified-name", string_at(gate, {"conditionType"}),
                                 api::child(own_path, "conditionType"), errors);
  });
  std::set<std::string> names;
  for_each_element(spec, "schedulingGates", path, [&](const Json& gate, const std::string& own_path) {
    const std::string name = string_at(gate, {"name"});
    api::schema::validate_format("qualified-name", name, own_path, errors);
    if (!names.insert(name).second) errors.duplicate(own_path, name);
  });
}

void add_label_keys(const Json& labels, const char* member, const char* op, Json& term) {
  for (const Json& key : elements_of(term, member)) {
    const auto label = labels.find(key.get<std::string>());
    if (label == labels.end()) continue;
    term["labelSelector"]["matchExpressions"].push_back(
        {{"key", key}, {"operator", op}, {"values", Json::array({*label})}});
  }
}

void merge_label_keys_of_term(const Json& labels, Json& term) {
  const Json* selector = find(term, {"labelSelector"});
  if (selector == nullptr || !selector->is_object()) return;
  add_label_keys(labels, "matchLabelKeys", "In", term);
  add_label_keys(labels, "mismatchLabelKeys", "NotIn", term);
}

}  // namespace

void merge_label_keys(const Json& labels, Json& spec) {
  for (const char* name : {"podAffinity", "podAntiAffinity"}) {
    if (find(spec, {"affinity", name}) == nullptr) continue;
    Json& affinity = spec["affinity"][name];
    if (affinity.contains(kRequired)) {
      for (Json& term : affinity[kRequired]) merge_label_keys_of_term(labels, term);
    }
    if (affinity.contains(kPreferred)) {
      for (Json& preferred : affinity[kPreferred]) merge_label_keys_of_term(labels, preferred["podAffinityTerm"]);
    }
  }
}

void validate_tolerations(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  for_each_element(spec, "tolerations", path, [&](const Json& toleration, const std::string& own_path) {
    validate_toleration(toleration, own_path, errors);
  });
}

void validate_placement(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  if (const Json* selector = find(spec, {"nodeSelector"})) {
    validate_labels(*selector, api::child(path, "nodeSelector"), errors);
  }
  validate_affinity(spec, path, errors);
  validate_gates(spec, path, errors);
  validate_spreads(spec, path, errors);
  validate_tolerations(spec, path, errors);
}

}  // namespace skiff::server
