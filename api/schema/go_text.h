#pragma once

#include "api/base/json.h"
#include "api/schema/schema.h"

#include <string>

// How Go writes our types and values: upstream's messages are full of it, and clients' tests and people know them.
namespace skiff::api::schema::internal {

// "string", "number", "object", "array", "bool": as encoding/json names JSON values.
[[nodiscard]] std::string go_name_of_value(const Json& value);

// "v1.PodSpec", "[]v1.Container", "map[string]string". Go's named string types ("v1.Protocol") are plain strings to us.
[[nodiscard]] std::string go_name(const Struct& structure);
[[nodiscard]] std::string go_name(const Type& type);

// A value as the verb %#v shows it: v1.LabelSelector{MatchLabels:map[string]string{"a":"b"},
// MatchExpressions:[]v1.LabelSelectorRequirement(nil)}. Pointers are shown as what they point to.
[[nodiscard]] std::string go_syntax(const Type& type, const Json& value);

// A value of no known type as the verb %v shows it: map[name:x ports:[1 2]].
[[nodiscard]] std::string go_text(const Json& value);

}  // namespace skiff::api::schema::internal
