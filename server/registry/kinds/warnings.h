#pragma once

#include "api/base/json.h"

#include <string>
#include <string_view>
#include <vector>

// What is valid, but probably not meant: the texts of Warning headers, in upstream's words. For Strategy::warn.
namespace skiff::server {

// Of a name that is no DNS label although pods are called by it. `use`: "Pod names and hostnames".
void warn_of_name(const Json& object, std::string_view use, std::vector<std::string>& warnings);

// Of a pod (`path` is empty), or of a template at `path`.
void warn_of_pod(const Json& pod, const std::string& path, std::vector<std::string>& warnings);

// Of an object whose template stands at spec.template. Its name counts when it is new and pods are called by it; the
// template also when an update changed the specification. `old_object` is null for a new object.
void warn_of_workload(const Json& object, const Json* old_object, bool names_pods, std::vector<std::string>& warnings);

// Of a Job's specification, template included.
void warn_of_job(const Json& spec, const std::string& path, std::vector<std::string>& warnings);

// Of node labels that have newer names: a list of node selector terms, or one key of a selector.
void warn_of_node_selector_terms(const Json& terms, const std::string& path, std::vector<std::string>& warnings);
void warn_of_node_label(const std::string& label, const std::string& path, std::vector<std::string>& warnings);

// Of the specification of a PersistentVolumeClaim, or of a template for claims.
void warn_of_claim(const Json& spec, const std::string& path, std::vector<std::string>& warnings);

// `path: text`.
void warn_at(const std::string& path, std::string_view text, std::vector<std::string>& warnings);

// Of the annotation by which volumes and claims named their class once.
void warn_of_class_annotation(const Json& object, std::vector<std::string>& warnings);

// Of amounts that cannot be halved: `amounts[resource]` with a part of a byte.
void warn_of_fractional_bytes(const Json* amounts, const char* resource, const std::string& path,
                              std::vector<std::string>& warnings);

}  // namespace skiff::server
