#pragma once

#include "api/base/json.h"

#include <string_view>

namespace skiff::internal {

// What an unquoted YAML scalar means to Kubernetes (sigs.k8s.io/yaml): YAML 1.1's words for true, false and null, Go's
// integers with any prefix ("0x1f", "0o17", "017", "0b11", "1_000"), decimal floats, else a string. Times and base-60
// numbers stay strings. Infinity and NaN come out as such; JSON has no form for them.
[[nodiscard]] Json resolve_plain_scalar(std::string_view text);

}  // namespace skiff::internal
