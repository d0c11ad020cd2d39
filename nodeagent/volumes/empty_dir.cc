// emptyDir: a directory that lives as long as its pod; medium Memory: a tmpfs.
#include "api/base/files.h"
#include "api/quantity.h"
#include "nodeagent/mounts.h"
#include "nodeagent/volumes/volume.h"

#include <sys/stat.h>
#include <unistd.h>

namespace skiff::nodeagent {

namespace {

constexpr mode_t kMode = 0777;

Result<void> set_access(const std::string& directory, const Json& pod) {
  mode_t mode = kMode;
  if (const auto group = fs_group_of(pod)) {
    if (::chown(directory.c_str(), static_cast<uid_t>(-1), *group) != 0) {
      return errno_error("change group of " + directory);
    }
    mode |= S_ISGID;
  }
  if (::chmod(directory.c_str(), mode) != 0) return errno_error("change mode of " + directory);
  return {};
}

// It gets its name when everybody may use it: one that is there was completed, also when a process died over it.
Result<void> make_on_disk(const std::string& directory, const Json& pod) {
  if (path_exists(directory)) return {};
  const std::string unfinished = directory + ".new";
  if (const auto removed = remove_tree(unfinished); !removed) return removed;
  if (const auto made = make_directories(unfinished); !made) return made;
  if (const auto set = set_access(unfinished, pod); !set) return set;
  if (::rename(unfinished.c_str(), directory.c_str()) != 0) return errno_error("rename to " + directory);
  return {};
}

Result<void> make_in_memory(const std::string& directory, const Json& source, const Json& pod) {
  if (const auto made = make_directories(directory); !made) return made;
  const auto limit = api::Quantity::parse(string_at(source, {"sizeLimit"}));
  const auto size = static_cast<std::uint64_t>(limit ? limit->value() : 0);
  if (const auto mounted = mount_tmpfs(directory, size, kMode); !mounted) return mounted;
  return set_access(directory, pod);
}

}  // namespace

Result<void> set_up_empty_dir(const Json& source, const VolumeContext& context) {
  if (string_at(source, {"medium"}) == "Memory") return make_in_memory(context.directory, source, context.pod);
  return make_on_disk(context.directory, context.pod);
}

}  // namespace skiff::nodeagent
