#include "nodeagent/static_pods/manifest_files.h"

#include "api/base/files.h"
#include "api/base/log.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <optional>

namespace skiff::nodeagent {

namespace {

// Links are complete when they are created; what is written is read again when it is closed.
constexpr std::uint32_t kFileEvents =
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB;

Result<std::string> read_manifest(const std::string& path, const struct stat& info) {
  // A pipe would keep us waiting.
  if (!S_ISREG(info.st_mode)) return Error{ErrorCode::kInvalid, "not a regular file"};
  if (static_cast<std::size_t>(info.st_size) > kMaxManifest) return Error{ErrorCode::kInvalid, "longer than 10 MiB"};
  return read_file(path);
}

std::optional<ManifestFile> read_entry(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    // It went while we were looking.
    if (errno == ENOENT && !path_exists(path)) return std::nullopt;
    return ManifestFile{path, errno_error("stat")};
  }
  if (S_ISDIR(info.st_mode)) return std::nullopt;
  return ManifestFile{path, read_manifest(path, info)};
}

}  // namespace

Result<std::vector<ManifestFile>> read_manifest_files(const std::string& path) {
  std::vector<ManifestFile> files;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return files;
    return errno_error(path);
  }
  if (!S_ISDIR(info.st_mode)) {
    files.push_back(ManifestFile{path, read_manifest(path, info)});
    return files;
  }
  if (::access(path.c_str(), R_OK | X_OK) != 0) return errno_error(path);
  for (const std::string& name : list_directory(path)) {
    if (name.starts_with('.')) continue;
    if (auto file = read_entry(path + "/" + name)) files.push_back(std::move(*file));
  }
  return files;
}

ManifestWatch::ManifestWatch(asio::any_io_executor executor, std::function<void()> changed)
    : changed_(std::move(changed)), descriptor_(executor) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) {
    spdlog::warn("{}: manifests are looked at from time to time only", errno_error("inotify_init1").message);
    return;
  }
  descriptor_.assign(fd);
}

void ManifestWatch::watch(const std::string& path) {
  if (!descriptor_.is_open()) return;
  // What is not there (yet) cannot be watched; the next call tries again.
  static_cast<void>(::inotify_add_watch(descriptor_.native_handle(), path.c_str(), kFileEvents));
  wait();
}

void ManifestWatch::stop() {
  *stopped_ = true;
  boost::system::error_code ignored;
  descriptor_.close(ignored);
}

void ManifestWatch::wait() {
  if (waiting_) return;
  waiting_ = true;
  auto ready = [this, stopped = stopped_](const boost::system::error_code& error) {
    if (error || *stopped) return;
    waiting_ = false;
    drain();
    wait();
    changed_();
  };
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, std::move(ready));
}

void ManifestWatch::drain() {
  std::array<char, 4096> events;
  while (::read(descriptor_.native_handle(), events.data(), events.size()) > 0) {
  }
}

}  // namespace skiff::nodeagent
