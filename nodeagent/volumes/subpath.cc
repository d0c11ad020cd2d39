#include "nodeagent/volumes/subpath.h"

#include "api/base/fd.h"
#include "api/base/files.h"
#include "nodeagent/mounts.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace skiff::nodeagent {

namespace {

constexpr mode_t kMadeDirectoryMode = 0750;

UniqueFd open_beneath(int directory, const std::string& path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof(how))));
}

// Makes the missing directories of `path`, each from an open descriptor of the one above.
Result<void> make_beneath(int volume, const std::string& path) {
  mode_t mode = kMadeDirectoryMode;
  struct stat found {};
  if (::fstat(volume, &found) == 0) mode = found.st_mode & 07777;
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const std::size_t slash = part.rfind('/');
    const std::string parent = slash == std::string::npos ? "." : part.substr(0, slash);
    const UniqueFd directory = open_beneath(volume, parent, O_PATH | O_DIRECTORY);
    if (!directory) return errno_error("open " + parent);
    const std::string name = slash == std::string::npos ? part : part.substr(slash + 1);
    if (!name.empty() && ::mkdirat(directory.get(), name.c_str(), mode) == 0) {
      static_cast<void>(::fchmodat(directory.get(), name.c_str(), mode, 0));  // the umask does not count
    } else if (!name.empty() && errno != EEXIST) {
      return errno_error("create " + part);
    }
    if (end == std::string::npos) return {};
  }
}

Result<void> make_target(const std::string& target, bool is_directory) {
  if (is_directory) return make_directories(target);
  if (const auto made = make_directories(target.substr(0, target.rfind('/'))); !made) return made.error();
  const UniqueFd file(::open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0640));
  if (!file) return errno_error("create " + target);
  return {};
}

}  // namespace

Result<void> mount_subpath(const std::string& volume, const std::string& sub_path, const std::string& target) {
  const UniqueFd root(::open(volume.c_str(), O_PATH | O_CLOEXEC));
  if (!root) return errno_error("open volume " + volume);
  UniqueFd found = open_beneath(root.get(), sub_path, O_PATH);
  if (!found && errno == ENOENT) {
    if (const auto made = make_beneath(root.get(), sub_path); !made) return made.error();
    found = open_beneath(root.get(), sub_path, O_PATH);
  }
  if (!found) return errno_error("subPath \"" + sub_path + "\" not within volume path " + volume);
  struct stat what {};
  if (::fstat(found.get(), &what) != 0) return errno_error("look at " + sub_path);
  // A target of an earlier run may be of the other kind by now.
  if (const auto cleared = unmount_below(target); !cleared) return cleared.error();
  if (const auto removed = remove_tree(target); !removed) return removed.error();
  if (const auto made = make_target(target, S_ISDIR(what.st_mode)); !made) return made.error();
  return bind_descriptor(found.get(), target);
}

}  // namespace skiff::nodeagent
