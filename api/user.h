#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::api {

// Who is asking, after authentication (user.Info upstream).
struct User {
  std::string name;  // "system:anonymous" when nobody authenticated
  std::vector<std::string> groups;
  std::string uid;

  [[nodiscard]] bool in_group(std::string_view group) const {
    return std::find(groups.begin(), groups.end(), group) != groups.end();
  }
};

}  // namespace skiff::api
