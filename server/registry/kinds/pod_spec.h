#pragma once

#include "api/base/json.h"
#include "api/field_error.h"

#include <string>
#include <string_view>
#include <vector>

// What is true of every pod specification: a Pod's and those in the templates of Deployments and ReplicaSets. Single
// fields are checked by the schema; what spans several fields, or has a sentence or a path of its own, here. A finding
// of the schema does not stop these checks, so a required member may be missing.
namespace skiff::server {

// Of annotations that name a container's AppArmor profile.
inline constexpr std::string_view kAppArmorPrefix = "container.apparmor.security.beta.kubernetes.io/";

// Defaults that depend on other fields: imagePullPolicy, serviceAccount's alias, emptyDir.
void default_pod_spec(Json& spec);

// In a pod, not in templates: the selectors of its affinity terms ask for the values that the pod itself has of the
// labels in matchLabelKeys, and exclude those of mismatchLabelKeys.
void merge_label_keys(const Json& labels, Json& spec);

void validate_pod_spec(const Json& spec, std::string_view path, api::FieldErrors& errors);

// Labels, annotations and spec of a template.
void validate_pod_template(const Json& template_, std::string_view path, api::FieldErrors& errors);

// Annotations that mean something to the system: a pod's, or a template's.
void validate_pod_annotations(const Json& annotations, const Json& spec, std::string_view path,
                              api::FieldErrors& errors);

// One part of validate_pod_spec per file.
void validate_containers(const Json& spec, std::string_view path, api::FieldErrors& errors);
void validate_ephemeral_containers(const Json& spec, std::string_view path, api::FieldErrors& errors);
void validate_volumes(const Json& spec, std::string_view path, api::FieldErrors& errors);
void validate_placement(const Json& spec, std::string_view path, api::FieldErrors& errors);
void validate_network(const Json& spec, std::string_view path, api::FieldErrors& errors);
void validate_pod_security(const Json& spec, std::string_view path, api::FieldErrors& errors);

// Parts of validate_containers.
void validate_container_security(const Json& container, std::string_view path, api::FieldErrors& errors);
void validate_environment(const Json& container, std::string_view path, api::FieldErrors& errors);
void validate_mounts(const Json& container, const Json& volumes, std::string_view path, api::FieldErrors& errors);
void validate_probes(const Json& container, bool runs_once, std::int64_t grace_period, std::string_view path,
                     api::FieldErrors& errors);
void validate_resources(const Json& resources, std::string_view path, api::FieldErrors& errors);
void validate_tolerations(const Json& spec, std::string_view path, api::FieldErrors& errors);

// A volume that storage outside of the node provides; part of validate_volumes.
void validate_storage_source(const std::string& type, const Json& source, const std::string& path,
                             api::FieldErrors& errors);

// Where a variable or a file gets its value from: a field of the pod (`fields` are those allowed beside single labels
// and annotations), or a resource of a container.
void validate_field_reference(const Json& reference, const std::vector<std::string>& fields, const std::string& path,
                              api::FieldErrors& errors);
void validate_resource_reference(const Json& reference, bool needs_container, const std::string& path,
                                 api::FieldErrors& errors);

// A path inside a volume: relative, without "..".
void validate_descending_path(const std::string& text, const std::string& path, api::FieldErrors& errors);
void validate_no_backsteps(const std::string& text, const std::string& path, api::FieldErrors& errors);

// object[name], or an empty list when there is none.
[[nodiscard]] const Json& elements_of(const Json& object, const char* name);

// Calls `visit(element, path)` for the elements of object[name].
template <class Visit>
void for_each_element(const Json& object, const char* name, std::string_view path, Visit visit) {
  const Json& elements = elements_of(object, name);
  const std::string list = api::child(path, name);
  for (std::size_t i = 0; i < elements.size(); ++i) visit(elements[i], api::index(list, i));
}

// Calls `visit(container, path)` for spec.initContainers, then spec.containers.
template <class Spec, class Visit>
void for_each_container(Spec& spec, Visit visit) {
  for (const char* list : {"initContainers", "containers"}) {
    const auto found = spec.find(list);
    if (found == spec.end() || !found->is_array()) continue;
    for (std::size_t i = 0; i < found->size(); ++i) visit((*found)[i], api::index(list, i));
  }
}

}  // namespace skiff::server
