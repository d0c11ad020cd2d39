#include "nodeagent/runtime/oci/attach_streams.h"

#include "nodeagent/runtime/oci/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace skiff::nodeagent::oci {

namespace {

// The shim sends pieces of 8 KiB with the byte in front, and takes packets of up to 8 KiB.
constexpr std::size_t kReceiveBytes = 16 * 1024;
constexpr std::size_t kSendBytes = 8 * 1024;
constexpr char kStdoutPacket = 2;
constexpr char kStderrPacket = 3;

}  // namespace

Result<AttachedContainer> open_attach(const std::string& bundle) {
  auto socket = connect_to(bundle, "attach", SOCK_SEQPACKET);
  if (!socket) return Error{ErrorCode::kUnavailable, socket.error().wrap("attach to container").message};
  const std::string control_path = bundle + "/ctl";
  UniqueFd control(::open(control_path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  if (!control) return Error{ErrorCode::kUnavailable, errno_error("open " + control_path).message};
  return AttachedContainer{std::move(*socket), std::move(control)};
}

AttachStreams::AttachStreams(asio::any_io_executor executor, AttachedContainer container)
    : socket_(executor, std::move(container.socket)),
      control_(std::move(container.control)),
      readable_(executor),
      writable_(executor) {}

Task<std::optional<api::ProcessStreams::Output>> AttachStreams::next() {
  while (!cancelled_) {
    std::string packet(kReceiveBytes, '\0');
    const ssize_t count = ::recv(socket_.get(), packet.data(), packet.size(), 0);
    if (count > 1 && (packet[0] == kStdoutPacket || packet[0] == kStderrPacket)) {
      const Source source = packet[0] == kStderrPacket ? Source::kStderr : Source::kStdout;
      co_return Output{source, packet.substr(1, static_cast<std::size_t>(count) - 1)};
    }
    if (count > 0 || (count < 0 && errno == EINTR)) continue;
    if (count == 0 || errno != EAGAIN) break;
    socket_.when_readable(readable_.notifier());
    co_await readable_.wait();
  }
  co_return std::nullopt;
}

Task<bool> AttachStreams::write(std::string_view bytes) {
  if (input_closed_) co_return false;
  const bool done = co_await write_pieces(socket_, bytes, kSendBytes, writable_, cancelled_);
  if (!done && !cancelled_) input_closed_ = true;
  co_return done;
}

void AttachStreams::close_input() {
  if (std::exchange(input_closed_, true)) return;
  ::shutdown(socket_.get(), SHUT_WR);
}

void AttachStreams::resize(api::TerminalSize size) {
  const std::string message = "1 " + std::to_string(size.height) + " " + std::to_string(size.width) + "\n";
  // A pipe that is full has sizes enough.
  static_cast<void>(!::write(control_.get(), message.data(), message.size()));
}

void AttachStreams::cancel() {
  cancelled_ = true;
  readable_.notify();
  writable_.notify();
}

}  // namespace skiff::nodeagent::oci
