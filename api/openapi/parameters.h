#pragma once

#include "api/base/json.h"
#include "api/openapi/definitions.h"

#include <span>
#include <string_view>

namespace skiff::api::openapi {

// The parameter objects of an operation's query, by name.
[[nodiscard]] Json query_parameters(std::span<const std::string_view> names, Dialect dialect);

// The parameter objects that all operations of a path share: those in its braces, and "pretty".
[[nodiscard]] Json path_parameters(std::string_view path, Dialect dialect);

}  // namespace skiff::api::openapi
