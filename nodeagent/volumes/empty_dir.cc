// emptyDir: a directory that lives as long as its pod; medium Memory: a tmpfs.
#include "api/base/files.h"
#include "api/quantity.h"
#include "nodeagent/mounts.h"
#include "nodeagent/volumes/volume.h"

#include <sys/types.h>

#include <cstdio>

namespace skiff::nodeagent {

namespace {

// It gets its name when everybody may use it: one that is there was completed, also when a process died over it.
Result<void> make_on_disk(const std::string& directory, const Json& pod) {
  if (path_exists(directory)) return {};
  const std::string unfinished = directory + ".new";
  if (const auto removed = remove_tree(unfinished); !removed) return removed;
  if (const auto made = make_directories(unfinished); !made) return made;
  if (const auto set = open_to_pod(unfinished, kModeOnDisk, pod); !set) return set;
  if (::rename(unfinished.c_str(), directory.c_str()) != 0) return errno_error("rename to " + directory);
  return {};
}

Result<void> make_in_memory(const std::string& directory, const Json& source, const Json& pod) {
  if (const auto made = make_directories(directory); !made) return made;
  const auto limit = api::Quantity::parse(string_at(source, {"sizeLimit"}));
  const auto size = static_cast<std::uint64_t>(limit ? limit->value() : 0);
  return mount_tmpfs(directory, size, volume_mode(kModeInMemory, pod), fs_group_of(pod));
}

}  // namespace

Result<void> set_up_empty_dir(const Json& source, const VolumeContext& context) {
  if (string_at(source, {"medium"}) == "Memory") return make_in_memory(context.directory, source, context.pod);
  return make_on_disk(context.directory, context.pod);
}

}  // namespace skiff::nodeagent
