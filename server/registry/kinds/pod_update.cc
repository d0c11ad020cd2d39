#include "server/registry/kinds/pod_update.h"

#include "api/go_syntax.h"
#include "api/schema/validate.h"
#include "api/views/meta.h"
#include "api/views/static_pods.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/strategy.h"

#include <algorithm>
#include <set>

namespace skiff::server {

namespace {

constexpr const char* kGates = "schedulingGates";
constexpr const char* kNodeSelector = "nodeSelector";
constexpr const char* kRequiredAffinity = "requiredDuringSchedulingIgnoredDuringExecution";

void keep_node_affinity(Json& spec, const Json& old_spec) {
  const Json* old_affinity = find(old_spec, {"affinity", "nodeAffinity"});
  if (old_affinity != nullptr) {
    spec["affinity"]["nodeAffinity"] = *old_affinity;
  } else if (spec.contains("affinity")) {
    spec["affinity"].erase("nodeAffinity");
  }
  if (spec.contains("affinity") && spec["affinity"].empty() && !old_spec.contains("affinity")) spec.erase("affinity");
}

// The specification without what an update may change, for comparison.
Json without_changeable(const Json& spec, const Json& old_spec) {
  Json copy = spec;
  for (const char* list : {"containers", "initContainers"}) {
    const auto containers = copy.find(list);
    if (containers == copy.end()) continue;
    for (std::size_t i = 0; i < containers->size(); ++i) {
      (*containers)[i]["image"] = string_at(elements_of(old_spec, list)[i], {"image"});
    }
  }
  for (const char* name : {"activeDeadlineSeconds", "tolerations", kGates}) keep_member(copy, old_spec, name);
  if (integer_at(old_spec, {"terminationGracePeriodSeconds"}) < 0 &&
      integer_at(copy, {"terminationGracePeriodSeconds"}) == 1) {
    keep_member(copy, old_spec, "terminationGracePeriodSeconds");
  }
  if (!elements_of(old_spec, kGates).empty()) {
    keep_member(copy, old_spec, kNodeSelector);
    keep_node_affinity(copy, old_spec);
  }
  return copy;
}

void validate_deadline(const Json& spec, const Json& old_spec, api::FieldErrors& errors) {
  constexpr const char* kPath = "spec.activeDeadlineSeconds";
  const Json* old_deadline = find(old_spec, {"activeDeadlineSeconds"});
  if (old_deadline == nullptr) return;
  const Json* deadline = find(spec, {"activeDeadlineSeconds"});
  if (deadline == nullptr) {
    errors.invalid(kPath, nullptr, "must not update from a positive integer to nil value");
  } else if (*deadline > *old_deadline) {
    errors.invalid(kPath, *deadline, "must be less than or equal to previous value");
  }
}

// Tolerations may be added, and those that there are may change their seconds.
void validate_kept_tolerations(const Json& spec, const Json& old_spec, api::FieldErrors& errors) {
  const Json& tolerations = elements_of(spec, "tolerations");
  for (Json expected : elements_of(old_spec, "tolerations")) {
    expected.erase("tolerationSeconds");
    auto is_same = [&](Json candidate) {
      candidate.erase("tolerationSeconds");
      return candidate == expected;
    };
    if (std::none_of(tolerations.begin(), tolerations.end(), is_same)) {
      return errors.forbidden("spec.tolerations",
                              "existing toleration can not be modified except its tolerationSeconds");
    }
  }
}

void validate_gates(const Json& spec, const Json& old_spec, api::FieldErrors& errors) {
  std::set<std::string> old_names;
  for (const Json& gate : elements_of(old_spec, kGates)) old_names.insert(string_at(gate, {"name"}));
  for_each_element(spec, kGates, "spec", [&](const Json& gate, const std::string& path) {
    const std::string name = string_at(gate, {"name"});
    if (old_names.contains(name)) return;
    errors.forbidden(api::child(path, "name"),
                     "only deletion is allowed, but found new scheduling gate '" + name + "'");
  });
}

// Whether a list has only grown at its end.
bool begins_with(const Json& term, const Json& old_term, const char* list) {
  const Json& now = elements_of(term, list);
  const Json& before = elements_of(old_term, list);
  return now.size() >= before.size() && std::equal(before.begin(), before.end(), now.begin());
}

// What a pod that waits for its gates asks of nodes may become stricter.
void validate_gated(const Json& spec, const Json& old_spec, api::FieldErrors& errors) {
  const Json* selector = find(spec, {kNodeSelector});
  if (const Json* old_selector = find(old_spec, {kNodeSelector})) {
    for (const auto& [name, value] : old_selector->items()) {
      const Json* kept = selector == nullptr ? nullptr : find(*selector, {name});
      if (kept != nullptr && *kept == value) continue;
      errors.invalid_as(api::child("spec", kNodeSelector), api::go_string_map(selector == nullptr ? Json() : *selector),
                        "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
      break;
    }
  }
  const Json* old_required = find(old_spec, {"affinity", "nodeAffinity", kRequiredAffinity});
  if (old_required == nullptr) return;
  static const Json none = Json::object();
  const Json* required = find(spec, {"affinity", "nodeAffinity", kRequiredAffinity});
  if (required == nullptr) required = &none;
  const Json& terms = elements_of(*required, "nodeSelectorTerms");
  const Json& old_terms = elements_of(*old_required, "nodeSelectorTerms");
  const std::string path = api::child("spec.affinity.nodeAffinity", kRequiredAffinity) + ".nodeSelectorTerms";
  if (old_terms.empty()) return;
  if (terms.size() != old_terms.size()) {
    return errors.invalid(path, terms, "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
  }
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (begins_with(terms[i], old_terms[i], "matchExpressions") && begins_with(terms[i], old_terms[i], "matchFields")) {
      continue;
    }
    errors.invalid(api::index(path, i), terms[i], "only additions are allowed (no mutations or deletions)");
  }
}

void validate_annotation_update(const Json& pod, const Json& old_pod, api::FieldErrors& errors) {
  const Json& annotations = api::annotations_of(pod);
  const Json& old_annotations = api::annotations_of(old_pod);
  auto path_of = [](const std::string& name) { return api::key("metadata.annotations", name); };
  for (const auto& [name, old_value] : old_annotations.items()) {
    const Json* value = find(annotations, {name});
    if (value != nullptr && *value == old_value) continue;
    if (name.starts_with(kAppArmorPrefix))
      errors.forbidden(path_of(name), "may not remove or update AppArmor annotations");
    if (name == api::kConfigMirrorAnnotation)
      errors.forbidden(path_of(name), "may not remove or update mirror pod annotation");
  }
  for (const auto& [name, value] : annotations.items()) {
    if (old_annotations.contains(name)) continue;
    if (name.starts_with(kAppArmorPrefix)) errors.forbidden(path_of(name), "may not add AppArmor annotations");
    if (name == api::kConfigMirrorAnnotation) errors.forbidden(path_of(name), "may not add mirror pod annotation");
  }
}

// Containers that have ended for good do not come back.
void validate_ended(const Json& status, const Json& old_status, const char* list, const Json& old_spec,
                    api::FieldErrors& errors) {
  const std::string policy = string_at(old_spec, {"restartPolicy"});
  if (policy == "Always") return;
  const Json& statuses = elements_of(status, list);
  const Json& init_containers = elements_of(old_spec, "initContainers");
  for_each_element(old_status, list, "status", [&](const Json& old_container, const std::string& path) {
    const Json* terminated = find(old_container, {"state", "terminated"});
    if (terminated == nullptr) return;
    if (integer_at(*terminated, {"exitCode"}) != 0 && policy == "OnFailure") return;
    const std::string name = string_at(old_container, {"name"});
    auto is_named = [&name](const Json& element) { return string_at(element, {"name"}) == name; };
    const auto init = std::find_if(init_containers.begin(), init_containers.end(), is_named);
    if (init != init_containers.end() && string_at(*init, {"restartPolicy"}) == "Always") return;
    const auto now = std::find_if(statuses.begin(), statuses.end(), is_named);
    if (now == statuses.end() || find(*now, {"state", "terminated"}) != nullptr) return;
    errors.forbidden(api::child(path, "state"), "may not be transitioned to non-terminated state");
  });
}

// At most one address of each family.
void validate_addresses(const Json& status, const char* list, api::FieldErrors& errors) {
  std::set<std::string> seen;
  int v4 = 0, v6 = 0;
  for_each_element(status, list, "status", [&](const Json& entry, const std::string& path) {
    const std::string ip = string_at(entry, {"ip"});
    api::schema::validate_format("ip", ip, path, errors);
    ++(ip.find(':') == std::string::npos ? v4 : v6);
    if (!seen.insert(ip).second) errors.duplicate(path, entry);
  });
  if (v4 > 1 || v6 > 1) {
    errors.invalid(api::child("status", list), elements_of(status, list),
                   "may specify no more than one IP for each IP family");
  }
}

}  // namespace

void validate_pod_update(const Json& pod, const Json& old_pod, api::FieldErrors& errors) {
  const Json& spec = pod.at("spec");
  const Json& old_spec = old_pod.at("spec");
  validate_annotation_update(pod, old_pod, errors);
  for (const char* list : {"containers", "initContainers"}) {
    if (elements_of(spec, list).size() != elements_of(old_spec, list).size()) {
      return errors.forbidden(api::child("spec", list), "pod updates may not add or remove containers");
    }
  }
  validate_deadline(spec, old_spec, errors);
  validate_kept_tolerations(spec, old_spec, errors);
  validate_gates(spec, old_spec, errors);
  if (!elements_of(old_spec, kGates).empty()) validate_gated(spec, old_spec, errors);
  if (without_changeable(spec, old_spec) == old_spec) return;
  // Upstream adds a textual difference, which its authors keep unstable on purpose; we leave it out.
  errors.forbidden("spec",
                   "pod updates may not change fields other than `spec.containers[*].image`,"
                   "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
                   "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
                   "previously negative)");
}

void validate_ephemeral_update(const Json& pod, const Json& old_pod, api::FieldErrors& errors) {
  const Json& spec = pod.at("spec");
  const std::string path = "spec.ephemeralContainers";
  validate_ephemeral_containers(spec, "spec", errors);
  if (api::is_mirror_pod(pod)) {
    errors.forbidden("", "static pods do not support ephemeral containers");
  }
  const Json& present = elements_of(spec, "ephemeralContainers");
  for (const Json& old : elements_of(old_pod.at("spec"), "ephemeralContainers")) {
    const std::string name = string_at(old, {"name"});
    const auto kept = std::find_if(present.begin(), present.end(),
                                   [&name](const Json& container) { return string_at(container, {"name"}) == name; });
    const std::string which = "existing ephemeral containers \"" + name + "\" may not be ";
    if (kept == present.end()) {
      errors.forbidden(path, which + "removed\n");
    } else if (*kept != old) {
      // Upstream adds the difference, as Go prints it.
      errors.forbidden(path, which + "changed\n");
    }
  }
}

void validate_pod_status(const Json& pod, const Json& old_pod, api::FieldErrors& errors) {
  static const Json none = Json::object();
  const Json* status = find(pod, {"status"});
  const Json* old_status = find(old_pod, {"status"});
  if (status == nullptr) status = &none;
  if (old_status == nullptr) old_status = &none;
  validate_annotation_update(pod, old_pod, errors);
  // Upstream looks for them in the metadata.
  for_each_element(*status, "conditions", "metadata", [&](const Json& condition, const std::string& path) {
    api::schema::validate_format("qualified-name", string_at(condition, {"type"}), api::child(path, "Type"), errors);
  });
  if (const std::string node = string_at(*status, {"nominatedNodeName"});
      !node.empty() && node != string_at(*old_status, {"nominatedNodeName"})) {
    api::schema::validate_format("dns1123-subdomain", node, "status.nominatedNodeName", errors);
  }
  for (const char* list : {"containerStatuses", "initContainerStatuses"}) {
    validate_ended(*status, *old_status, list, old_pod.at("spec"), errors);
  }
  validate_addresses(*status, "podIPs", errors);
  const Json& host_ips = elements_of(*status, "hostIPs");
  if (!host_ips.empty() && string_at(host_ips[0], {"ip"}) != string_at(*status, {"hostIP"})) {
    errors.invalid("status.hostIPs[0].ip", string_at(host_ips[0], {"ip"}), "must be equal to `hostIP`");
  }
  validate_addresses(*status, "hostIPs", errors);
}

}  // namespace skiff::server
