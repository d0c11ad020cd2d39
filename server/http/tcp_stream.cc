#include "server/http/tcp_stream.h"

#include "server/http/awaitable.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <array>

namespace skiff::server {

namespace {

using asio::ip::tcp;

// What a client may still send after our last word, before we stop listening.
constexpr std::size_t kMaxDiscardedBytes = 16 * 1024 * 1024;

Task<std::size_t> read_some_from(tcp::socket& socket, std::span<char> buffer) {
  const asio::mutable_buffer room(buffer.data(), buffer.size());
  const auto [error, count] = co_await socket.async_read_some(room, kAwaitable);
  co_return error ? std::size_t{0} : count;
}

}  // namespace

Task<std::size_t> TcpStream::read_some(std::span<char> buffer) { return read_some_from(socket_, buffer); }

Task<bool> TcpStream::write_all(std::string_view bytes) {
  const asio::const_buffer data(bytes.data(), bytes.size());
  const auto [error, count] = co_await asio::async_write(socket_, data, kAwaitable);
  co_return !error;
}

Task<void> TcpStream::finish() { return shut_down_and_discard(socket_); }

void TcpStream::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

Task<void> shut_down_and_discard(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.shutdown(tcp::socket::shutdown_send, ignored);
  std::array<char, 4096> discarded;
  for (std::size_t total = 0; total < kMaxDiscardedBytes;) {
    const std::size_t count = co_await read_some_from(socket, discarded);
    if (count == 0) break;
    total += count;
  }
}

}  // namespace skiff::server
