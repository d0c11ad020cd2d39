#include "api/go_syntax.h"
#include "api/resource_names.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/resource_names.h"
#include "server/registry/tables/tables.h"

#include <algorithm>
#include <set>

namespace skiff::server {

namespace {

using NameSet = std::set<std::string>;

constexpr const char* kScopes[] = {"Terminating",   "NotTerminating", "BestEffort",
                                   "NotBestEffort", "PriorityClass",  "CrossNamespacePodAffinity"};
// What a scope may be applied to, of the names without a domain.
constexpr const char* kScopedResources[] = {"pods",          "cpu",          "memory",         "limits.cpu",
                                            "limits.memory", "requests.cpu", "requests.memory"};
constexpr const char* kMustExist =
    "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

template <std::size_t N>
bool contains(const char* const (&names)[N], const std::string& name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool applies_to(const std::string& scope, const std::string& resource) {
  if (!contains(kScopes, scope)) return true;
  return scope == "BestEffort" ? resource == "pods" : contains(kScopedResources, resource);
}

// As Go prints spec.scopes.
std::string go_scopes(const Json& spec) {
  const Json* scopes = find(spec, {"scopes"});
  return api::go_string_list(scopes == nullptr ? Json() : *scopes, "core.ResourceQuotaScope");
}

// As Go prints spec.scopeSelector.
std::string go_scope_selector(const Json& requirements) {
  std::string list;
  for (const Json& requirement : requirements) {
    if (!list.empty()) list += ", ";
    list += "core.ScopedResourceSelectorRequirement{ScopeName:" + to_json_text(string_at(requirement, {"scopeName"})) +
            ", Operator:" + to_json_text(string_at(requirement, {"operator"})) +
            ", Values:" + api::go_string_list(requirement.value("values", Json())) + "}";
  }
  return "core.ScopeSelector{MatchExpressions:[]core.ScopedResourceSelectorRequirement{" + list + "}}";
}

// Of the resources that the quota limits, those that the scope cannot be applied to.
std::size_t count_unscoped(const Json& spec, const std::string& scope) {
  const Json* hard = find(spec, {"hard"});
  if (hard == nullptr) return 0;
  std::size_t count = 0;
  for (const auto& [name, value] : hard->items()) {
    if (api::is_standard_quota_resource(name) && !applies_to(scope, name)) ++count;
  }
  return count;
}

// `shown`: spec.scopes.
void validate_pairs(const NameSet& scopes, const std::string& path, const std::string& shown,
                    api::FieldErrors& errors) {
  for (const auto& [one, other] :
       {std::pair{"BestEffort", "NotBestEffort"}, std::pair{"Terminating", "NotTerminating"}}) {
    if (scopes.contains(one) && scopes.contains(other)) errors.invalid_as(path, shown, "conflicting scopes");
  }
}

void validate_scopes(const Json& spec, api::FieldErrors& errors) {
  const Json* scopes = find(spec, {"scopes"});
  if (scopes == nullptr) return;
  const std::string shown = go_scopes(spec);
  NameSet seen;
  for (const Json& each : *scopes) {
    const std::string scope = each.get<std::string>();
    if (!contains(kScopes, scope)) errors.invalid_as("spec.scopes", shown, "unsupported scope");
    for (std::size_t i = count_unscoped(spec, scope); i > 0; --i) {
      errors.invalid_as("spec.scopes", shown, "unsupported scope applied to resource");
    }
    seen.insert(scope);
  }
  validate_pairs(seen, "spec.scopes", shown, errors);
}

void validate_operator(const Json& requirement, const std::string& path, api::FieldErrors& errors) {
  const std::string operator_ = string_at(requirement, {"operator"});
  const Json* values = find(requirement, {"values"});
  const bool has_values = values != nullptr && !values->empty();
  if (operator_ == "In" || operator_ == "NotIn") {
    if (has_values) return;
    errors.required(api::child(path, "values"),
                    "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
  } else if (operator_ == "Exists" || operator_ == "DoesNotExist") {
    if (!has_values) return;
    errors.invalid_as(api::child(path, "values"), api::go_string_list(*values),
                      "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
  } else {
    errors.invalid(api::child(path, "operator"), operator_, "not a valid selector operator");
  }
}

// Upstream's paths name no position in the list.
void validate_scope_selector(const Json& spec, api::FieldErrors& errors) {
  const Json* requirements = find(spec, {"scopeSelector", "matchExpressions"});
  if (requirements == nullptr) return;
  const std::string path = "spec.scopeSelector.matchExpressions";
  NameSet seen;
  for (const Json& requirement : *requirements) {
    const std::string scope = string_at(requirement, {"scopeName"});
    const std::string operator_ = string_at(requirement, {"operator"});
    if (!contains(kScopes, scope)) errors.invalid(api::child(path, "scopeName"), scope, "unsupported scope");
    for (std::size_t i = count_unscoped(spec, scope); i > 0; --i) {
      errors.invalid_as(path, go_scope_selector(*requirements), "unsupported scope applied to resource");
    }
    if (contains(kScopes, scope) && scope != "PriorityClass" && operator_ != "Exists") {
      errors.invalid(api::child(path, "operator"), operator_, kMustExist);
    }
    validate_operator(requirement, path, errors);
    seen.insert(scope);
  }
  validate_pairs(seen, path, go_scopes(spec), errors);
}

NameSet scopes_of(const Json& object) {
  const Json* scopes = find(object, {"spec", "scopes"});
  return scopes == nullptr ? NameSet() : scopes->get<NameSet>();
}

class ResourceQuotaStrategy final : public Strategy {
 public:
  void validate(const Json& object, api::FieldErrors& errors) const override {
    validate_quota_amounts(find(object, {"spec", "hard"}), "spec.hard", errors);
    const Json* spec = find(object, {"spec"});
    if (spec == nullptr) return;
    validate_scopes(*spec, errors);
    validate_scope_selector(*spec, errors);
  }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    if (scopes_of(object) == scopes_of(old_object)) return;
    errors.invalid_as("spec.scopes", go_scopes(object.at("spec")), "field is immutable");
  }

  void validate_status_update(const Json& object, const Json&, api::FieldErrors& errors) const override {
    validate_quota_amounts(find(object, {"status", "hard"}), "status.hard", errors);
    validate_quota_amounts(find(object, {"status", "used"}), "status.used", errors);
  }
};

}  // namespace

Kind resource_quota_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "ResourceQuota";
  kind.plural = "resourcequotas";
  kind.singular = "resourcequota";
  kind.short_names = {"quota"};
  kind.has_status = true;
  kind.returns_deleted_object = true;
  kind.versions = {served_version(catalog, "", "v1", "ResourceQuota")};
  kind.strategy = std::make_shared<ResourceQuotaStrategy>();
  kind.table = resource_quota_table();
  return kind;
}

}  // namespace skiff::server
