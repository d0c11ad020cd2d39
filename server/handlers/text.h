#pragma once

#include <string>
#include <string_view>

namespace skiff::server {

// The Go package of a group's internal types, which some of upstream's messages show: "core", "apps", "events".
[[nodiscard]] inline std::string internal_package(std::string_view group) {
  return group.empty() ? "core" : std::string(group.substr(0, group.find('.')));
}

}  // namespace skiff::server
