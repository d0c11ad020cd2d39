#include "nodeagent/streaming/watched_descriptor.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace skiff::nodeagent {

struct WatchedDescriptor::State {
  explicit State(const asio::any_io_executor& executor) : descriptor(executor) {}
  asio::posix::stream_descriptor descriptor;
  bool waits_to_read = false;
  bool waits_to_write = false;
};

WatchedDescriptor::WatchedDescriptor(const asio::any_io_executor& executor, UniqueFd fd)
    : state_(std::make_shared<State>(executor)) {
  if (!fd) return;
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
  state_->descriptor.assign(fd.release());
}

WatchedDescriptor::~WatchedDescriptor() { close(); }

bool WatchedDescriptor::is_open() const { return state_->descriptor.is_open(); }

int WatchedDescriptor::get() const { return state_->descriptor.native_handle(); }

void WatchedDescriptor::when_readable(std::function<void()> wake) {
  if (!is_open() || std::exchange(state_->waits_to_read, true)) return;
  auto ready = [state = state_, wake = std::move(wake)](const boost::system::error_code&) {
    state->waits_to_read = false;
    wake();
  };
  state_->descriptor.async_wait(asio::posix::descriptor_base::wait_read, std::move(ready));
}

void WatchedDescriptor::when_writable(std::function<void()> wake) {
  if (!is_open() || std::exchange(state_->waits_to_write, true)) return;
  auto ready = [state = state_, wake = std::move(wake)](const boost::system::error_code&) {
    state->waits_to_write = false;
    wake();
  };
  state_->descriptor.async_wait(asio::posix::descriptor_base::wait_write, std::move(ready));
}

void WatchedDescriptor::close() {
  boost::system::error_code ignored;
  state_->descriptor.close(ignored);
}

Task<bool> write_pieces(WatchedDescriptor& descriptor, std::string_view bytes, std::size_t piece, Signal& room,
                        const bool& cancelled) {
  while (!bytes.empty()) {
    if (cancelled || !descriptor.is_open()) co_return false;
    const ssize_t count = ::write(descriptor.get(), bytes.data(), std::min(bytes.size(), piece));
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      descriptor.when_writable(room.notifier());
      co_await room.wait();
    } else if (errno != EINTR) {
      co_return false;
    }
  }
  co_return true;
}

}  // namespace skiff::nodeagent
