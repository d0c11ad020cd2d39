#pragma once

#include "api/base/json.h"
#include "api/schema/schema.h"

#include <string>

namespace skiff::api::schema::internal {

// The kinds of values that Go decodes by methods of their own: time, microtime, duration, quantity, intorstring, bytes.
// Brings `value` into canonical form in place. What is wrong, in Go's words, or empty. No other kinds.
[[nodiscard]] std::string decode_scalar(TypeKind kind, Json& value);

// "string", "number", "object", "array", "bool": as encoding/json names JSON values.
[[nodiscard]] std::string go_name_of_value(const Json& value);

}  // namespace skiff::api::schema::internal
