#include "nodeagent/streaming/watched_descriptor.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <fcntl.h>

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

}  // namespace skiff::nodeagent
