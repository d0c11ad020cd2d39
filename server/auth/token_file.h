#pragma once

#include "api/base/result.h"
#include "api/user.h"

#include <string_view>
#include <utility>
#include <vector>

namespace skiff::server {

struct TokenUser {
  std::string token;
  api::User user;
};

// The text of a --token-auth-file: CSV lines of token, user name, user uid and, optionally, the groups as one quoted
// column with commas. Lines with an empty token are skipped, as upstream does. kInvalid for fewer columns or an open
// quote; the message starts with `file_name`.
[[nodiscard]] Result<std::vector<TokenUser>> parse_token_file(std::string_view text, std::string_view file_name);

}  // namespace skiff::server
