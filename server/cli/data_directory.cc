#include "server/cli/data_directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

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
  const std::string lock_path = directory + "/lock";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return errno_error("data directory " + directory);
  DataDirectory result(directory, lock, path.empty());
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return errno_error("lock " + lock_path);
    return Error{ErrorCode::kUnavailable, "data directory " + directory + ": in use by another skiff"};
  }
  return result;
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      temporary_(std::exchange(other.temporary_, false)) {}

DataDirectory::~DataDirectory() {
  if (temporary_) {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace skiff::server
