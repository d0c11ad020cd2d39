#include "server/http/socket_stream.h"

#include "server/http/awaitable.h"
#include "server/http/tls.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <array>

namespace skiff::server {

namespace {

using asio::ip::tcp;

// What a client may still send after our last word, before we stop listening.
constexpr std::size_t kMaxDiscardedBytes = 16 * 1024 * 1024;

template <class Stream>
Task<std::size_t> read_some_from(Stream& stream, std::span<char> buffer) {
  const asio::mutable_buffer room(buffer.data(), buffer.size());
  const auto [error, count] = co_await stream.async_read_some(room, kAwaitable);
  co_return error ? std::size_t{0} : count;
}

template <class Stream>
Task<bool> write_all_to(Stream& stream, std::string_view bytes) {
  const asio::const_buffer data(bytes.data(), bytes.size());
  const auto [error, count] = co_await asio::async_write(stream, data, kAwaitable);
  co_return !error;
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

void close_socket(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.close(ignored);
}

class TcpStream final : public ByteStream {
 public:
  explicit TcpStream(tcp::socket socket) : socket_(std::move(socket)) {}

  Task<bool> handshake() override { co_return true; }
  Task<std::size_t> read_some(std::span<char> buffer) override { return read_some_from(socket_, buffer); }
  Task<bool> write_all(std::string_view bytes) override { return write_all_to(socket_, bytes); }
  Task<void> finish() override { return shut_down_and_discard(socket_); }
  void close() override { close_socket(socket_); }
  std::optional<api::User> certificate_user() const override { return std::nullopt; }

 private:
  tcp::socket socket_;
};

class TlsStream final : public ByteStream {
 public:
  TlsStream(tcp::socket socket, asio::ssl::context& context) : stream_(std::move(socket), context) {}

  Task<bool> handshake() override {
    const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kAwaitable);
    if (error) co_return false;
    user_ = server::certificate_user(stream_.native_handle());
    co_return true;
  }
  Task<std::size_t> read_some(std::span<char> buffer) override { return read_some_from(stream_, buffer); }
  Task<bool> write_all(std::string_view bytes) override { return write_all_to(stream_, bytes); }
  Task<void> finish() override {
    // Sends close_notify; that it then waits for the client's is part of waiting for the client.
    co_await stream_.async_shutdown(kAwaitable);
    co_await shut_down_and_discard(stream_.next_layer());
  }
  void close() override { close_socket(stream_.next_layer()); }
  std::optional<api::User> certificate_user() const override { return user_; }

 private:
  asio::ssl::stream<tcp::socket> stream_;
  std::optional<api::User> user_;
};

}  // namespace

std::unique_ptr<ByteStream> make_tcp_stream(tcp::socket socket) {
  return std::make_unique<TcpStream>(std::move(socket));
}

std::unique_ptr<ByteStream> make_tls_stream(tcp::socket socket, asio::ssl::context& context) {
  return std::make_unique<TlsStream>(std::move(socket), context);
}

}  // namespace skiff::server
