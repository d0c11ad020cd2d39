#pragma once

#include "api/base/json.h"
#include "api/field_error.h"

#include <string>

// What the names of resources (cpu, hugepages-2Mi, example.com/gpu) may be, and which amounts of them there may be.
// Plain functions of values.
namespace skiff::server {

void validate_resource_name(const std::string& name, const std::string& path, api::FieldErrors& errors);
void validate_container_resource_name(const std::string& name, const std::string& path, api::FieldErrors& errors);

// That an amount is not negative, and whole where there are no parts. `text` is a quantity.
void validate_resource_amount(const std::string& name, const std::string& text, const std::string& path,
                              api::FieldErrors& errors);

// The names and amounts of a quota's list; null: none.
void validate_quota_amounts(const Json* list, const std::string& path, api::FieldErrors& errors);

}  // namespace skiff::server
