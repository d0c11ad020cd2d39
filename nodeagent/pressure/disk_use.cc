#include "nodeagent/pressure/disk_use.h"

#include "api/views/meta.h"

#include <fts.h>
#include <sys/stat.h>

#include <array>
#include <memory>
#include <string>

namespace skiff::nodeagent {

namespace {

constexpr std::int64_t kBytesPerBlock = 512;  // whatever blocks the file system has

// Everything at and below a path that is on the same file system.
ResourceUse measure_tree(std::string path) {
  ResourceUse use;
  if (path.empty()) return use;
  const std::array<char*, 2> roots{path.data(), nullptr};
  const std::unique_ptr<FTS, int (*)(FTS*)> tree(
      ::fts_open(roots.data(), FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, nullptr), ::fts_close);
  if (!tree) return use;
  while (const FTSENT* entry = ::fts_read(tree.get())) {
    const bool counts = entry->fts_info == FTS_D || entry->fts_info == FTS_F || entry->fts_info == FTS_SL ||
                        entry->fts_info == FTS_DEFAULT;
    if (!counts) continue;
    use.disk_bytes += entry->fts_statp->st_blocks * kBytesPerBlock;
    ++use.inodes;
  }
  return use;
}

}  // namespace

void measure_disk_use(PodUse& pod, const PodFiles& files) {
  const std::string uid = api::uid_of(*pod.pod);
  for (PodUse::Container& container : pod.containers) {
    ResourceUse use = measure_tree(container.writable_layer);
    use += measure_tree(files.log_directory(uid) + "/" + container.name);
    container.use += use;
    pod.use += use;
  }
  pod.use += measure_tree(files.pod_directory(uid) + "/volumes");
}

}  // namespace skiff::nodeagent
