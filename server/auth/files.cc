#include "server/auth/files.h"

#include "api/base/ids.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace skiff::server {

namespace {

// 0, or the number of the error that stopped it.
int write_and_sync(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::fsync(file) == 0 ? 0 : errno;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return errno_error("read " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || file.bad()) return Error{ErrorCode::kUnavailable, "read " + path.string() + ": input error"};
  return std::move(text).str();
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view text, mode_t mode) {
  const std::string context = "write " + path.string();
  const std::string temporary = path.string() + "." + random_suffix() + ".tmp";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return errno_error(context);
  int error = write_and_sync(file, text);
  ::close(file);
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return {};
  ::unlink(temporary.c_str());
  return errno_error(context, error);
}

}  // namespace skiff::server
