#include "nodeagent/file_watch.h"

#include "api/base/log.h"
#include "api/base/result.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>

namespace skiff::nodeagent {

namespace {

// Links are complete when they are created; what is written is read again when it is closed.
constexpr std::uint32_t kFileEvents =
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB;

}  // namespace

FileWatch::FileWatch(asio::any_io_executor executor, std::function<void()> changed)
    : changed_(std::move(changed)), descriptor_(executor) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) {
    spdlog::warn("{}: changes of files will not be heard of", errno_error("inotify_init1").message);
    return;
  }
  descriptor_.assign(fd);
}

void FileWatch::watch(const std::string& path) {
  if (!descriptor_.is_open()) return;
  // What is not there (yet) cannot be watched; the next call tries again.
  static_cast<void>(::inotify_add_watch(descriptor_.native_handle(), path.c_str(), kFileEvents));
  wait();
}

void FileWatch::stop() {
  *stopped_ = true;
  boost::system::error_code ignored;
  descriptor_.close(ignored);
}

void FileWatch::wait() {
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

void FileWatch::drain() {
  std::array<char, 4096> events;
  while (::read(descriptor_.native_handle(), events.data(), events.size()) > 0) {
  }
}

}  // namespace skiff::nodeagent
