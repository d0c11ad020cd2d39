#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::api {

// Who is asking, after authentication (user.Info upstream).
struct User {
  std::string name;  // "system:anonymous" when nobody authenticated
  std::vector<std::string> groups;
  std::string uid;
  // What else the authenticator knows; keys are lower-case, mostly with a domain in front.
  std::map<std::string, std::vector<std::string>> extra{};

  [[nodiscard]] bool in_group(std::string_view group) const {
    return std::find(groups.begin(), groups.end(), group) != groups.end();
  }
};

}  // namespace skiff::api
