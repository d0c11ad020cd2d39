#pragma once

#include "api/field_error.h"
#include "api/quantity.h"

#include <string>

// The names and amounts that LimitRanges and ResourceQuotas hold.
namespace skiff::server {

void validate_resource_name(const std::string& name, const std::string& path, api::FieldErrors& errors);
void validate_container_resource_name(const std::string& name, const std::string& path, api::FieldErrors& errors);

// The names and amounts of a quota's list.
void validate_quota_amounts(const Json* list, const std::string& path, api::FieldErrors& errors);

}  // namespace skiff::server
