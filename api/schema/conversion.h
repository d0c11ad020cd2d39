#pragma once

#include "api/base/json.h"
#include "api/schema/schema.h"

#include <optional>
#include <string>

namespace skiff::api::schema {

// What is wrong with the types of a document that a strategic merge patch has made. Upstream converts such a document
// value by value instead of decoding its text, which complains in other words than decode() does ("unrecognized type:
// int32", "cannot restore slice from map") and stops at the first field in the order of Go's structs. Nothing: only
// decode() can tell, or there is nothing wrong.
[[nodiscard]] std::optional<std::string> conversion_problem(const Struct& type, const Json& document);

}  // namespace skiff::api::schema
