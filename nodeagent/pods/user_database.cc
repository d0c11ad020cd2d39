#include "nodeagent/pods/user_database.h"

#include "api/base/fd.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>

namespace skiff::nodeagent {

namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;

UniqueFd open_inside(const std::string& directory, const char* path) {
  const UniqueFd root(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root.get(), path, &how, sizeof(how))));
}

// Nothing when the layer says nothing about the file. A whiteout (character device 0/0) hides what lies below.
std::optional<std::string> read_from_layer(const std::string& layer, const char* path) {
  const UniqueFd file = open_inside(layer, path);
  struct stat found {};
  if (file.get() < 0 || ::fstat(file.get(), &found) != 0) return std::nullopt;
  if (!S_ISREG(found.st_mode)) return std::string();
  std::string text(std::min<std::size_t>(static_cast<std::size_t>(found.st_size), kMaxFileBytes), '\0');
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

std::string read_topmost(const std::vector<std::string>& layers, const char* path) {
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    if (auto text = read_from_layer(*layer, path)) return *text;
  }
  return "";
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::int64_t> to_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

UserDatabase read_user_database(const std::vector<std::string>& layer_directories) {
  return {read_topmost(layer_directories, "etc/passwd"), read_topmost(layer_directories, "etc/group")};
}

std::optional<UserEntry> find_user(const UserDatabase& users, std::string_view user) {
  const auto wanted = to_number(user);
  for (const std::string_view line : split(users.passwd, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 4) continue;
    const auto uid = to_number(fields[2]);
    const auto gid = to_number(fields[3]);
    if (!uid || !gid) continue;
    if (fields[0] == user || (wanted && *uid == *wanted)) return UserEntry{*uid, *gid, std::string(fields[0])};
  }
  return std::nullopt;
}

std::optional<std::int64_t> find_group(const UserDatabase& users, std::string_view group) {
  for (const std::string_view line : split(users.group, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() >= 3 && fields[0] == group) return to_number(fields[2]);
  }
  return to_number(group);
}

std::vector<std::int64_t> groups_of_user(const UserDatabase& users, std::string_view user_name) {
  std::vector<std::int64_t> groups;
  for (const std::string_view line : split(users.group, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 4) continue;
    for (const std::string_view member : split(fields[3], ',')) {
      const auto gid = to_number(fields[2]);
      if (member == user_name && gid) groups.push_back(*gid);
    }
  }
  return groups;
}

}  // namespace skiff::nodeagent
