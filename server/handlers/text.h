#pragma once

#include <string>
#include <string_view>

namespace skiff::server {

// ASCII only, as everything in HTTP that is compared without regard to case.
[[nodiscard]] inline std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// The Go package of a group's internal types, which some of upstream's messages show: "core", "apps", "events".
[[nodiscard]] inline std::string internal_package(std::string_view group) {
  return group.empty() ? "core" : std::string(group.substr(0, group.find('.')));
}

}  // namespace skiff::server
