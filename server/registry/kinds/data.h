#pragma once

#include "api/base/json.h"
#include "api/field_error.h"

#include <cstddef>
#include <initializer_list>
#include <string_view>

// What ConfigMaps and Secrets have in common: keyed data of at most 1 MiB that can be made immutable.
namespace skiff::server {

inline constexpr std::size_t kMaxDataBytes = 1024 * 1024;

// The map, or an empty one.
[[nodiscard]] const Json& data_member(const Json& object, const char* name);

void validate_data_keys(const Json& data, std::string_view path, api::FieldErrors& errors);
// An object whose `immutable` is true keeps it, and its data.
void validate_immutable_data(const Json& object, const Json& old_object, std::initializer_list<const char*> members,
                             api::FieldErrors& errors);

[[nodiscard]] std::size_t text_bytes(const Json& data);
// Of base64 values, once decoded.
[[nodiscard]] std::size_t decoded_bytes(const Json& data);

}  // namespace skiff::server
