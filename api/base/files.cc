#include "api/base/files.h"

#include "api/base/ids.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>

namespace skiff {

namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// A file that is being written: its name, this, and random digits.
constexpr std::string_view kUnfinished = ".new-";
constexpr std::size_t kRandomBytes = 4;

bool is_unfinished(std::string_view name) {
  constexpr std::size_t kDigits = 2 * kRandomBytes;
  if (name.size() <= kUnfinished.size() + kDigits) return false;
  const std::string_view digits = name.substr(name.size() - kDigits);
  name.remove_suffix(kDigits);
  return name.ends_with(kUnfinished) && digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_dot(std::string_view name) { return name == "." || name == ".."; }

Result<void> synchronize(int fd, Sync sync, const std::string& path) {
  if (sync == Sync::kFile && ::fsync(fd) != 0) return errno_error("sync " + path);
  if (sync == Sync::kFileSystem && ::syncfs(fd) != 0) return errno_error("sync the file system of " + path);
  return {};
}

// Removes `name` in `parent`; `device` is the file system that must not be left.
Result<void> remove_at(int parent, const std::string& name, dev_t device, const std::string& path) {
  struct stat status {};
  if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return errno_error("stat " + path);
  }
  if (!S_ISDIR(status.st_mode)) {
    if (::unlinkat(parent, name.c_str(), 0) != 0 && errno != ENOENT) return errno_error("unlink " + path);
    return {};
  }
  if (status.st_dev != device) return Error{ErrorCode::kUnavailable, "remove " + path + ": it is a mount point"};
  UniqueFd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return errno_error("open " + path);
  Directory directory(::fdopendir(fd.get()));
  if (!directory) return errno_error("read " + path);
  const int directory_fd = fd.release();  // closedir() closes it
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string child = entry->d_name;
    if (is_dot(child)) continue;
    if (auto removed = remove_at(directory_fd, child, device, path + "/" + child); !removed) return removed;
  }
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) return errno_error("rmdir " + path);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open " + path);
  std::string content;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read " + path);
    if (count == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(count));
    if (content.size() > kMaxFileBytes) return Error{ErrorCode::kInvalid, "read " + path + ": File too large"};
  }
}

Result<void> write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("write " + path);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> write_file_atomically(const std::string& path, std::string_view content, mode_t mode, Sync sync) {
  const std::string temporary = path + std::string(kUnfinished) + random_hex(kRandomBytes);
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) return errno_error("create " + temporary);
  auto written = write_all(fd.get(), content, temporary);
  if (written && ::fchmod(fd.get(), mode) != 0) written = errno_error("chmod " + temporary);
  if (written) written = synchronize(fd.get(), sync, temporary);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = errno_error("rename to " + path);
  if (!written) ::unlink(temporary.c_str());
  return written;
}

void remove_unfinished_files(const std::string& directory) {
  for (const std::string& name : list_directory(directory)) {
    if (is_unfinished(name)) ::unlink((directory + "/" + name).c_str());
  }
}

Result<UniqueFd> lock_file(const std::string& path, bool wait) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return errno_error("open " + path);
  if (::flock(fd.get(), wait ? LOCK_EX : LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno == EWOULDBLOCK) return UniqueFd();
  return errno_error("lock " + path);
}

Result<void> write_existing_file(const std::string& path, std::string_view content) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return errno_error("open " + path);
  if (::write(fd.get(), content.data(), content.size()) < 0) return errno_error("write " + path);
  return {};
}

Result<void> make_directories(const std::string& path, mode_t mode) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) return errno_error("mkdir " + part);
    if (end == std::string::npos) break;
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno_error("stat " + path);
  if (!S_ISDIR(status.st_mode)) return errno_error("mkdir " + path, ENOTDIR);
  return {};
}

Result<void> remove_tree(const std::string& path) {
  const std::filesystem::path split(path);
  const std::string parent_path = split.parent_path().string();
  UniqueFd parent(::open(parent_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent) {
    if (errno == ENOENT) return {};
    return errno_error("open " + parent_path);
  }
  struct stat status {};
  if (::fstat(parent.get(), &status) != 0) return errno_error("stat " + parent_path);
  return remove_at(parent.get(), split.filename().string(), status.st_dev, path);
}

std::vector<std::string> list_directory(const std::string& path) {
  std::vector<std::string> names;
  Directory directory(::opendir(path.c_str()));
  if (!directory) return names;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (!is_dot(entry->d_name)) names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool path_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace skiff
