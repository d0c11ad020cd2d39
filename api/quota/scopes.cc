#include "api/quota/usage.h"
#include "api/views/pod.h"

#include <algorithm>

namespace skiff::api::quota {

namespace {

// The elements of a list at the path; none when it is missing.
const Json& list_at(const Json& value, std::initializer_list<std::string_view> path) {
  static const Json none = Json::array();
  const Json* list = find(value, path);
  return list != nullptr && list->is_array() ? *list : none;
}

bool is_terminating(const Json& pod) { return integer_at(pod, {"spec", "activeDeadlineSeconds"}, -1) >= 0; }

bool is_best_effort(const Json& pod) { return compute_qos_class(pod) == "BestEffort"; }

bool names_namespaces(const Json& term) {
  return !list_at(term, {"namespaces"}).empty() || find(term, {"namespaceSelector"}) != nullptr;
}

// Whether a term of the pod's (anti-)affinity looks at pods of other namespaces.
bool crosses_namespaces(const Json& pod) {
  for (const char* affinity : {"podAffinity", "podAntiAffinity"}) {
    const Json& required =
        list_at(pod, {"spec", "affinity", affinity, "requiredDuringSchedulingIgnoredDuringExecution"});
    if (std::any_of(required.begin(), required.end(), names_namespaces)) return true;
    for (const Json& weighted :
         list_at(pod, {"spec", "affinity", affinity, "preferredDuringSchedulingIgnoredDuringExecution"})) {
      if (names_namespaces(weighted.value("podAffinityTerm", Json::object()))) return true;
    }
  }
  return false;
}

// As a label selector would treat the name of the pod's priority class.
bool matches_priority_class(const Json& requirement, const Json& pod) {
  const std::string name = string_at(pod, {"spec", "priorityClassName"});
  const std::string operator_ = string_at(requirement, {"operator"});
  const Json& values = list_at(requirement, {"values"});
  const bool listed = !name.empty() && std::find(values.begin(), values.end(), name) != values.end();
  if (operator_ == "In") return listed;
  if (operator_ == "NotIn") return !listed;
  return operator_ == "DoesNotExist" ? name.empty() : !name.empty();
}

bool matches(const Json& requirement, const Json& pod) {
  const std::string scope = string_at(requirement, {"scopeName"});
  if (scope == "Terminating") return is_terminating(pod);
  if (scope == "NotTerminating") return !is_terminating(pod);
  if (scope == "BestEffort") return is_best_effort(pod);
  if (scope == "NotBestEffort") return !is_best_effort(pod);
  if (scope == "PriorityClass") return matches_priority_class(requirement, pod);
  return scope == "CrossNamespacePodAffinity" && crosses_namespaces(pod);
}

}  // namespace

bool matches_scopes(const Json& quota, const CountedKind& kind, const Json& object) {
  const Json& scopes = list_at(quota, {"spec", "scopes"});
  const Json& requirements = list_at(quota, {"spec", "scopeSelector", "matchExpressions"});
  if (scopes.empty() && requirements.empty()) return true;
  if (!kind.group.empty() || kind.plural != "pods") return false;
  for (const Json& scope : scopes) {
    if (!matches(Json{{"scopeName", scope}, {"operator", "Exists"}}, object)) return false;
  }
  return std::all_of(requirements.begin(), requirements.end(),
                     [&](const Json& requirement) { return matches(requirement, object); });
}

}  // namespace skiff::api::quota
