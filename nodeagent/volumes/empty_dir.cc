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

}  // namespace

Result<void> set_up_empty_dir(const Json& source, const VolumeContext& context) {
  if (path_exists(context.directory) && string_at(source, {"medium"}) != "Memory") return {};
  if (const auto made = make_directories(context.directory); !made) return made.error();
  if (string_at(source, {"medium"}) == "Memory") {
    const auto limit = api::Quantity::parse(string_at(source, {"sizeLimit"}));
    const auto size = static_cast<std::uint64_t>(limit ? limit->value() : 0);
    if (const auto mounted = mount_tmpfs(context.directory, size, kMode); !mounted) return mounted.error();
  }
  mode_t mode = kMode;
  if (const auto group = fs_group_of(context.pod)) {
    if (::chown(context.directory.c_str(), static_cast<uid_t>(-1), *group) != 0) {
      return errno_error("change group of " + context.directory);
    }
    mode |= S_ISGID;
  }
  if (::chmod(context.directory.c_str(), mode) != 0) return errno_error("change mode of " + context.directory);
  return {};
}

}  // namespace skiff::nodeagent
