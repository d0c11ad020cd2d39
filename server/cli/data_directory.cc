#include "server/cli/data_directory.h"

#include "api/base/files.h"

#include <stdlib.h>

#include <filesystem>
#include <utility>

namespace skiff::server {

namespace fs = std::filesystem;

Result<DataDirectory> DataDirectory::open(const std::string& path) {
  std::string directory = path;
  if (path.empty()) {
    directory = (fs::temp_directory_path() / "skiff-XXXXXX").string();
    if (mkdtemp(directory.data()) == nullptr) return errno_error("create a temporary directory");
  }
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return errno_error("data directory " + directory, error.value());
  // Absolute and without links, since it goes into mounts and into other processes' arguments.
  directory = fs::canonical(directory, error).string();
  if (error) return errno_error("data directory " + path, error.value());
  auto lock = lock_file(directory + "/lock", false);
  if (!lock) return lock.error().wrap("data directory " + directory);
  if (!*lock) return Error{ErrorCode::kUnavailable, "data directory " + directory + ": in use by another skiff"};
  DataDirectory opened(directory, std::move(*lock), path.empty());
  // Of a skiff that was killed over it; some would hold the administrator's credentials.
  for (const std::string& written : {opened.path(), opened.pki()}) remove_unfinished_files(written);
  return opened;
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::move(other.lock_)),
      temporary_(std::exchange(other.temporary_, false)) {}

DataDirectory::~DataDirectory() {
  if (temporary_) {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
}

}  // namespace skiff::server
