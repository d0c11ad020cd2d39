#pragma once

#include "api/base/json.h"

#include <optional>
#include <string>
#include <string_view>

// One step from a value to a part of it, as the members of FieldsV1 are named:
//   f:replicas          the member of a struct or map
//   k:{"name":"web"}    the item of a list that has these keys
//   v:"kubernetes"      the item of a set
//   i:3                 the item of a list at this position
// Here steps are always in upstream's own form, so two are the same when their texts are.
namespace skiff::api::managed_fields {

// In FieldsV1, stands for the value itself in the object of what is below it.
inline constexpr const char* kSelf = ".";

[[nodiscard]] std::string field_element(std::string_view name);
// `keys` is an object of the list's key fields.
[[nodiscard]] std::string key_element(const Json& keys);
[[nodiscard]] std::string value_element(const Json& value);

// The name of a struct's or map's member; nothing for the other kinds of elements.
[[nodiscard]] std::optional<std::string_view> field_name(std::string_view element);

// The element that a client wrote in upstream's form, or nothing when it is none.
[[nodiscard]] std::optional<std::string> normalized_element(std::string_view element);

// As messages show it: .replicas, [name="web"], [="kubernetes"], [3].
[[nodiscard]] std::string element_text(std::string_view element);

// Upstream's order, in which 80 comes before 443.
[[nodiscard]] bool element_before(std::string_view a, std::string_view b);

}  // namespace skiff::api::managed_fields
