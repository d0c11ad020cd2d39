#pragma once

#include "api/base/json.h"
#include "api/field_error.h"

#include <string>

// What volumes and claims have in common.
namespace skiff::server {

// `owner` is the specification of a volume or claim at `path`; `missing` is what is said when it has no modes.
void validate_access_modes(const Json& owner, const std::string& path, const std::string& missing,
                           api::FieldErrors& errors);

// Adds "must be greater than zero" unless the quantity is.
void validate_positive_quantity(const Json& quantity, const std::string& path, api::FieldErrors& errors);

// spec.storageClassName is empty or the name of a class.
void validate_storage_class_name(const Json& object, api::FieldErrors& errors);

}  // namespace skiff::server
