#pragma once

#include "api/base/json.h"
#include "api/schema/schema.h"

#include <string>
#include <string_view>

namespace skiff::api::protobuf {

// The kinds of values that are messages of their own in protocol buffers but scalars (or, for any and object,
// documents) in JSON: time, microtime, duration, quantity, intorstring, any, object. Puts into `value` what Go would
// write as JSON. What is wrong, or empty. No other kinds.
[[nodiscard]] std::string decode_scalar(schema::TypeKind kind, std::string_view message, Json& value);

}  // namespace skiff::api::protobuf
