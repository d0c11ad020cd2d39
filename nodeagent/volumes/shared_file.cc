#include "nodeagent/volumes/shared_file.h"

#include "api/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace skiff::nodeagent {

namespace {

constexpr int kSafely = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

Result<UniqueFd> open_regular(const std::string& path, int flags, mode_t mode) {
  UniqueFd file(::open(path.c_str(), flags | kSafely, mode));
  if (!file) return errno_error("open " + path);
  struct stat found {};
  if (::fstat(file.get(), &found) != 0) return errno_error("stat " + path);
  if (!S_ISREG(found.st_mode)) return Error{ErrorCode::kInvalid, "open " + path + ": Not a regular file"};
  return file;
}

// Up to `size` bytes from there on.
Result<std::string> read_piece(int file, off_t offset, std::size_t size, const std::string& path) {
  std::string text(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t count = ::pread(file, text.data() + filled, size - filled, offset + static_cast<off_t>(filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read " + path);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  text.resize(filled);
  return text;
}

}  // namespace

Result<UniqueFd> open_shared_file(const std::string& path) { return open_regular(path, O_RDONLY, 0); }

Result<std::string> read_end_of_shared_file(const std::string& path, std::size_t max_bytes) {
  const auto file = open_shared_file(path);
  if (!file) return file.error();
  struct stat found {};
  if (::fstat(file->get(), &found) != 0) return errno_error("stat " + path);
  return read_piece(file->get(), std::max<off_t>(0, found.st_size - static_cast<off_t>(max_bytes)), max_bytes, path);
}

bool shared_file_holds(int file, std::string_view text) {
  const auto present = read_piece(file, 0, text.size() + 1, "");
  return present && *present == text;
}

Result<void> write_shared_file(const std::string& path, std::string_view text, mode_t mode) {
  const auto file = open_regular(path, O_RDWR | O_CREAT, mode);
  if (!file) return file.error();
  if (shared_file_holds(file->get(), text)) return {};
  if (const auto written = write_all(file->get(), text, path); !written) return written;
  if (::ftruncate(file->get(), static_cast<off_t>(text.size())) != 0) return errno_error("truncate " + path);
  return {};
}

}  // namespace skiff::nodeagent
