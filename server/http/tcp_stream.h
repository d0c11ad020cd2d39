#pragma once

#include "server/http/byte_stream.h"

#include <boost/asio/ip/tcp.hpp>

namespace skiff::server {

// A client's socket as it is.
class TcpStream final : public ByteStream {
 public:
  explicit TcpStream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

  Task<bool> handshake() override { co_return true; }
  Task<std::size_t> read_some(std::span<char> buffer) override;
  Task<bool> write_all(std::string_view bytes) override;
  Task<void> finish() override;
  void close() override;
  [[nodiscard]] std::optional<api::User> certificate_user() const override { return std::nullopt; }

 private:
  asio::ip::tcp::socket socket_;
};

// Ends our half of the connection, and reads until the client ends its own.
Task<void> shut_down_and_discard(asio::ip::tcp::socket& socket);

}  // namespace skiff::server
