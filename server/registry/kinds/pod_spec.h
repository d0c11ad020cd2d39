#pragma once

#include "api/base/json.h"
#include "api/field_error.h"

#include <string>
#include <string_view>

// What is true of every pod specification: a Pod's and those in the templates of Deployments and ReplicaSets.
namespace skiff::server {

// Defaults that depend on other fields: imagePullPolicy, serviceAccount's alias, emptyDir.
void default_pod_spec(Json& spec);

// What spans several fields; single fields are checked by the schema.
void validate_pod_spec(const Json& spec, std::string_view path, api::FieldErrors& errors);

// Labels, annotations and spec of a template.
void validate_pod_template(const Json& template_, std::string_view path, api::FieldErrors& errors);

// Calls `visit(container, path)` for spec.initContainers, then spec.containers.
template <class Spec, class Visit>
void for_each_container(Spec& spec, Visit visit) {
  for (const char* list : {"initContainers", "containers"}) {
    const auto found = spec.find(list);
    if (found == spec.end() || !found->is_array()) continue;
    for (std::size_t i = 0; i < found->size(); ++i) visit((*found)[i], api::index(list, i));
  }
}

// One part of validate_pod_spec per file.
void validate_containers(const Json& spec, std::string_view path, api::FieldErrors& errors);
void validate_volumes(const Json& volumes, std::string_view path, api::FieldErrors& errors);
void validate_placement(const Json& spec, std::string_view path, api::FieldErrors& errors);
void validate_resources(const Json& resources, std::string_view path, api::FieldErrors& errors);
void validate_probes(const Json& container, bool runs_once, std::string_view path, api::FieldErrors& errors);
void validate_environment(const Json& container, std::string_view path, api::FieldErrors& errors);

// map[string]string{"a":"b"}: how upstream's messages print labels.
[[nodiscard]] std::string go_string_map(const Json& map);

}  // namespace skiff::server
