#pragma once

#include "api/base/json.h"
#include "api/openapi/definitions.h"

#include <string_view>
#include <vector>

namespace skiff::api::openapi {

// The parameter objects of an operation's query, by name.
[[nodiscard]] Json query_parameters(const std::vector<std::string_view>& names, Dialect dialect);

// The parameter objects that all operations of a path share: those in its braces, and "pretty".
[[nodiscard]] Json path_parameters(std::string_view path, Dialect dialect);

}  // namespace skiff::api::openapi
