#pragma once

#include "api/base/json.h"

#include <string>
#include <string_view>

// What others read off a Node. Plain functions of values.
namespace skiff::api {

// The first of status.addresses that has the type ("InternalIP", "ExternalIP", "Hostname"); "" when there is none.
[[nodiscard]] std::string node_address(const Json& node, std::string_view type);

}  // namespace skiff::api
