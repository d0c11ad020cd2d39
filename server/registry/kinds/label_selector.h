#pragma once

#include "api/base/json.h"
#include "api/field_error.h"

#include <string_view>

namespace skiff::server {

// A metav1.LabelSelector wherever one stands: keys, values, and operators that have the values they need.
void validate_label_selector(const Json& selector, std::string_view path, api::FieldErrors& errors);

}  // namespace skiff::server
