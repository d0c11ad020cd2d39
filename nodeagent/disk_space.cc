#include "nodeagent/disk_space.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <filesystem>

namespace skiff::nodeagent {

Result<DiskSpace> measure_disk_space(const std::string& directory) {
  struct statvfs disk {};
  std::filesystem::path path = directory;
  while (::statvfs(path.c_str(), &disk) != 0) {
    if (errno != ENOENT || !path.has_relative_path()) return errno_error("look at the file system of " + directory);
    path = path.parent_path();
  }
  return DiskSpace{disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize, disk.f_files, disk.f_favail};
}

}  // namespace skiff::nodeagent
