#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::nodeagent {

// An image's own user names: the text of its /etc/passwd and /etc/group (empty when it has none).
struct UserDatabase {
  std::string passwd;
  std::string group;
};

// Reads both files out of an image's layers (lowest first), as the overlay of them would show them. Symbolic links
// never lead out of a layer. Blocks.
[[nodiscard]] UserDatabase read_user_database(const std::vector<std::string>& layer_directories);

struct UserEntry {
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  std::string name;
};

// By name or, when `user` is a number, by uid. Pure.
[[nodiscard]] std::optional<UserEntry> find_user(const UserDatabase& users, std::string_view user);
[[nodiscard]] std::optional<std::int64_t> find_group(const UserDatabase& users, std::string_view group);
// The groups that list `user_name` as a member.
[[nodiscard]] std::vector<std::int64_t> groups_of_user(const UserDatabase& users, std::string_view user_name);

}  // namespace skiff::nodeagent
