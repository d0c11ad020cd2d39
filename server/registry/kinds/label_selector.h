#pragma once

#include "api/base/json.h"
#include "api/field_error.h"

#include <string_view>

namespace skiff::server {

// A metav1.LabelSelector: its labels and expressions (upstream's ValidateLabelSelector). What it has to select is for
// the kind to say.
void validate_label_selector(const Json& selector, std::string_view path, api::FieldErrors& errors);

}  // namespace skiff::server
