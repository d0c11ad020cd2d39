#include "nodeagent/runtime/oci/log_rotator.h"

#include "api/base/log.h"
#include "nodeagent/streaming/log_files.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace skiff::nodeagent::oci {

namespace {

// -1 when there is no such file.
std::int64_t size_of(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? static_cast<std::int64_t>(found.st_size) : -1;
}

}  // namespace

LogRotator::LogRotator(asio::any_io_executor executor, asio::thread_pool& pool, LogLimits limits, Reopen reopen,
                       std::chrono::milliseconds delay)
    : pool_(pool),
      limits_(limits),
      reopen_(std::move(reopen)),
      delay_(delay),
      changes_(executor),
      something_due_(executor),
      stop_(executor),
      tasks_(executor) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd >= 0) {
    changes_.assign(fd);
  } else {
    spdlog::warn("logs are looked at every second: {}", errno_error("inotify").message);
  }
}

void LogRotator::follow(const std::string& container_id, const std::string& log_path) {
  if (limits_.max_bytes < 0 || log_path.empty() || stopping_) return;
  logs_[container_id] = Log{log_path, -1};
  something_due_.notify();
  if (std::exchange(running_, true)) return;
  if (changes_.is_open()) wake_on_change();
  tasks_.spawn(run());
}

void LogRotator::forget(const std::string& container_id) {
  const auto found = logs_.find(container_id);
  if (found == logs_.end()) return;
  if (found->second.watch >= 0) ::inotify_rm_watch(changes_.native_handle(), found->second.watch);
  logs_.erase(found);
}

Task<void> LogRotator::stop() {
  stopping_ = true;
  something_due_.notify();
  stop_.notify();
  co_await tasks_.join();
  boost::system::error_code ignored;
  changes_.close(ignored);
  logs_.clear();
}

Task<void> LogRotator::run() {
  while (!stopping_) {
    if (due_logs().empty()) {
      co_await something_due_.wait();
      continue;
    }
    // Who writes one line writes more.
    const auto until = std::chrono::steady_clock::now() + delay_;
    co_await stop_.wait_until(until);
    if (stopping_) break;
    const std::vector<Due> due = due_logs();
    auto look = [this, due] {
      for (const Due& log : due) look_at(log);
    };
    co_await run_blocking(pool_, std::move(look));
    watch(due);
  }
}

std::vector<LogRotator::Due> LogRotator::due_logs() const {
  std::vector<Due> due;
  for (const auto& [id, log] : logs_) {
    if (log.watch < 0) due.push_back({id, log.path});
  }
  return due;
}

void LogRotator::watch(const std::vector<Due>& looked_at) {
  if (!changes_.is_open()) return;
  for (const Due& each : looked_at) {
    const auto found = logs_.find(each.container_id);
    if (found == logs_.end()) continue;
    int& watch = found->second.watch;
    watch = ::inotify_add_watch(changes_.native_handle(), each.path.c_str(), IN_MODIFY | IN_ONESHOT);
    // What was written since we looked comes without an event.
    if (watch < 0 || size_of(each.path) <= limits_.max_bytes) continue;
    ::inotify_rm_watch(changes_.native_handle(), watch);
    watch = -1;
  }
}

void LogRotator::wake_on_change() {
  changes_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    take_changes();
    wake_on_change();
  });
}

void LogRotator::take_changes() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  for (ssize_t size; (size = ::read(changes_.native_handle(), buffer.data(), buffer.size())) > 0;) {
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      at += static_cast<ssize_t>(sizeof(event) + event.len);
      const auto changed =
          std::find_if(logs_.begin(), logs_.end(), [&](const auto& each) { return each.second.watch == event.wd; });
      if (changed != logs_.end()) changed->second.watch = -1;
    }
  }
  something_due_.notify();
}

void LogRotator::look_at(const Due& log) const {
  const std::int64_t size = size_of(log.path);
  if (size >= 0) {
    if (size <= limits_.max_bytes) return;
    if (auto done = set_log_aside(log.path, limits_.max_files); !done) {
      spdlog::warn("container {}: {}", log.container_id, done.error().message);
      return;
    }
  } else if (list_log_files(log.path).empty()) {
    // Its pod is being removed; a supervisor could not make the file.
    return;
  }
  reopen_(log.container_id);
}

}  // namespace skiff::nodeagent::oci
