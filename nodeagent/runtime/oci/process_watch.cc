#include "nodeagent/runtime/oci/process_watch.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/wait.h>

namespace skiff::nodeagent::oci {

namespace asio = boost::asio;

struct ProcessWatch::State {
  State(const asio::any_io_executor& executor, int pidfd, std::function<void()> callback)
      : descriptor(executor, pidfd), on_exit(std::move(callback)) {}
  asio::posix::stream_descriptor descriptor;  // owns the pidfd
  std::function<void()> on_exit;              // empty once the watch is gone
};

ProcessWatch::ProcessWatch(const asio::any_io_executor& executor, UniqueFd pidfd, std::function<void()> on_exit)
    : state_(std::make_shared<State>(executor, pidfd.release(), std::move(on_exit))) {
  auto ended = [state = state_](const boost::system::error_code& error) {
    if (error || !state->on_exit) return;
    // ECHILD when somebody else is its parent: an agent before us started it.
    siginfo_t information{};
    static_cast<void>(
        ::waitid(P_PIDFD, static_cast<id_t>(state->descriptor.native_handle()), &information, WEXITED | WNOHANG));
    const auto callback = std::exchange(state->on_exit, nullptr);
    callback();
  };
  state_->descriptor.async_wait(asio::posix::descriptor_base::wait_read, std::move(ended));
}

ProcessWatch::~ProcessWatch() {
  state_->on_exit = nullptr;
  boost::system::error_code ignored;
  state_->descriptor.close(ignored);
}

}  // namespace skiff::nodeagent::oci
