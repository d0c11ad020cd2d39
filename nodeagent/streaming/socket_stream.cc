#include "nodeagent/streaming/socket_stream.h"

#include <sys/socket.h>

#include <cerrno>

namespace skiff::nodeagent {

namespace {

constexpr std::size_t kSocketPieceBytes = 32 * 1024;

}  // namespace

SocketStream::SocketStream(asio::any_io_executor executor, UniqueFd socket)
    : socket_(executor, std::move(socket)), readable_(executor), writable_(executor) {}

Task<api::Result<std::optional<std::string>>> SocketStream::next() {
  while (!cancelled_) {
    std::string bytes(kSocketPieceBytes, '\0');
    const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (count > 0) {
      bytes.resize(static_cast<std::size_t>(count));
      co_return std::optional<std::string>(std::move(bytes));
    }
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) break;
    if (errno != EAGAIN) co_return api::internal_error(errno_error("read").message);
    socket_.when_readable(readable_.notifier());
    co_await readable_.wait();
  }
  co_return std::optional<std::string>();
}

Task<bool> SocketStream::write(std::string_view bytes) {
  co_return co_await write_pieces(socket_, bytes, kSocketPieceBytes, writable_, cancelled_);
}

void SocketStream::close_write() { ::shutdown(socket_.get(), SHUT_WR); }

void SocketStream::cancel() {
  cancelled_ = true;
  readable_.notify();
  writable_.notify();
}

}  // namespace skiff::nodeagent
