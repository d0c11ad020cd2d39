#pragma once

#include "api/base/json.h"
#include "api/schema/schema.h"

#include <cstdint>
#include <string>
#include <utility>

namespace skiff::api::schema::internal {

// The kinds of values that Go decodes by methods of their own: time, microtime, duration, quantity, intorstring, bytes.
// Brings `value` into canonical form in place. What is wrong, in Go's words, or empty. No other kinds.
[[nodiscard]] std::string decode_scalar(TypeKind kind, Json& value);

// Go's zero value of the type, in JSON: null for lists, maps and times.
[[nodiscard]] Json zero_value(TypeKind kind);

// Whether a value is a whole number that fits. The library keeps signed and unsigned numbers apart; to us they are one.
template <class Integer>
bool is_integer_of(const Json& value) {
  if (value.is_number_unsigned()) return std::in_range<Integer>(value.get<std::uint64_t>());
  return value.is_number_integer() && std::in_range<Integer>(value.get<std::int64_t>());
}

}  // namespace skiff::api::schema::internal
