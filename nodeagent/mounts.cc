#include "nodeagent/mounts.h"

#include "api/base/files.h"

#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <vector>

namespace skiff::nodeagent {

namespace {

// mountinfo writes blanks and backslashes as octal numbers: "\040".
std::string unescape(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// In the order in which they were mounted.
Result<std::vector<std::string>> mount_points() {
  const auto table = read_file("/proc/self/mountinfo");
  if (!table) return table.error();
  std::vector<std::string> points;
  std::istringstream lines(*table);
  for (std::string line; std::getline(lines, line);) {
    // "36 35 98:0 /mnt1 /mnt2 rw,noatime ...": the fifth field is where it is mounted.
    std::istringstream fields(line);
    std::string id, parent, device, root, point;
    if (fields >> id >> parent >> device >> root >> point) points.push_back(unescape(point));
  }
  return points;
}

}  // namespace

bool is_mount_point(const std::string& path) {
  const auto points = mount_points();
  return points && std::find(points->begin(), points->end(), path) != points->end();
}

Result<void> mount_tmpfs(const std::string& directory, std::uint64_t size_bytes, mode_t mode,
                         std::optional<gid_t> group) {
  if (is_mount_point(directory)) return {};
  std::ostringstream options;
  options << "mode=" << std::oct << mode << std::dec;
  if (group) options << ",gid=" << *group;
  if (size_bytes > 0) options << ",size=" << size_bytes;
  if (::mount("tmpfs", directory.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.str().c_str()) != 0) {
    return errno_error("mount tmpfs on " + directory);
  }
  return {};
}

Result<void> bind_descriptor(int descriptor, const std::string& target) {
  if (is_mount_point(target)) {
    if (auto unmounted = unmount(target); !unmounted) return unmounted;
  }
  const std::string source = "/proc/self/fd/" + std::to_string(descriptor);
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0)
    return errno_error("bind mount on " + target);
  return {};
}

Result<void> unmount(const std::string& target) {
  if (::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL && errno != ENOENT) {
    return errno_error("unmount " + target);
  }
  return {};
}

Result<void> unmount_below(const std::string& directory) {
  const auto points = mount_points();
  if (!points) return points.error();
  const std::string prefix = directory + "/";
  for (auto point = points->rbegin(); point != points->rend(); ++point) {
    if (*point != directory && !point->starts_with(prefix)) continue;
    if (auto unmounted = unmount(*point); !unmounted) return unmounted;
  }
  return {};
}

}  // namespace skiff::nodeagent
