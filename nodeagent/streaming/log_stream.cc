#include "nodeagent/streaming/log_stream.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>

namespace skiff::nodeagent {

void LogEnd::announce() {
  std::function<void()> listener;
  {
    const std::lock_guard lock(mutex_);
    announced_ = true;
    listener = listener_;
  }
  if (listener) listener();
}

bool LogEnd::announced() const {
  const std::lock_guard lock(mutex_);
  return announced_;
}

void LogEnd::set_listener(std::function<void()> listener) {
  {
    const std::lock_guard lock(mutex_);
    listener_ = listener;
    if (!announced_ || !listener) return;
  }
  listener();
}

// What wakes a stream that follows: the file's directory changes, the container ends, or nobody wants to know any more.
struct LogStream::Watch {
  Watch(const asio::any_io_executor& executor, const std::string& path) : signal(executor), changes(executor) {
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) return;
    // The directory, because the file may not be there yet.
    const std::string directory = path.substr(0, path.rfind('/'));
    ::inotify_add_watch(fd, directory.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF);
    changes.assign(fd);
  }

  Task<void> wait() {
    if (!armed && changes.is_open()) {
      armed = true;
      changes.async_wait(asio::posix::stream_descriptor::wait_read,
                         [this_alive = std::weak_ptr<bool>(alive), this](const boost::system::error_code& error) {
                           if (error || this_alive.expired()) return;
                           armed = false;
                           drain();
                           signal.notify();
                         });
    }
    co_await signal.wait();
  }

  void drain() {
    std::array<char, 4096> buffer;
    while (::read(changes.native_handle(), buffer.data(), buffer.size()) > 0) {
    }
  }

  Signal signal;
  asio::posix::stream_descriptor changes;
  bool armed = false;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

LogStream::LogStream(asio::thread_pool& pool, LogStreamOptions options)
    : pool_(pool),
      options_(std::move(options)),
      formatter_(options_.format),
      reader_(options_.path, options_.tail_lines) {}

LogStream::~LogStream() {
  if (options_.end) options_.end->set_listener(nullptr);
}

Task<api::Result<std::optional<std::string>>> LogStream::next() {
  if (options_.follow && !watch_) {
    const auto executor = co_await asio::this_coro::executor;
    watch_ = std::make_unique<Watch>(executor, options_.path);
    if (options_.end) options_.end->set_listener(watch_->signal.notifier());
  }
  while (!cancelled_ && !formatter_.finished()) {
    // Asked before reading: what was written before the end is then certainly read.
    const bool ended = !options_.follow || !options_.end || options_.end->announced();
    auto read = [this] { return reader_.read(); };
    const Result<std::string> block = co_await run_blocking(pool_, std::move(read));
    if (!block) co_return api::internal_error(block.error().message);
    std::string output = formatter_.add(*block);
    if (!output.empty()) co_return std::optional<std::string>(std::move(output));
    if (!block->empty()) continue;
    if (ended) break;
    co_await watch_->wait();
  }
  co_return std::optional<std::string>();
}

void LogStream::cancel() {
  cancelled_ = true;
  if (watch_) watch_->signal.notify();
}

}  // namespace skiff::nodeagent
