#pragma once

#include "api/base/json.h"
#include "api/resource.h"
#include "api/status.h"

#include <initializer_list>
#include <optional>
#include <string>

namespace skiff::server {

class Registry;

// The name of the cluster's default class: the object of that kind on which one of the annotations is "true". Of
// several the one that was created last counts, as upstream.
[[nodiscard]] api::Result<std::optional<std::string>> find_default_class(
    const Registry& registry, const api::ResourceType& type, std::initializer_list<const char*> annotations);

}  // namespace skiff::server
