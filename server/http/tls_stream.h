#pragma once

#include "server/http/byte_stream.h"

#include <boost/asio/ip/tcp.hpp>
#include <openssl/ssl.h>

#include <memory>

namespace skiff::server {

// TLS over a client's socket. OpenSSL reads and writes the socket itself: what fits into the kernel's buffer is sent
// before write_all() is waited for, and a connection that waits holds no buffers (Asio's own stream keeps 70 KiB for
// each connection and takes two turns of the event loop for a record).
class TlsStream final : public ByteStream {
 public:
  // `context` as of make_server_context() (tls.h).
  TlsStream(asio::ip::tcp::socket socket, SSL_CTX* context);

  Task<bool> handshake() override;
  Task<bool> readable() override;
  Task<std::size_t> read_some(std::span<char> buffer) override;
  Task<bool> write_all(std::string_view bytes) override;
  Task<void> finish() override;
  void close() override;
  [[nodiscard]] std::optional<api::User> certificate_user() const override { return user_; }

 private:
  using SocketWait = asio::ip::tcp::socket::wait_type;
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  // After an SSL_ function returned `result`, which was no success: waits until it can be called again. False when that
  // is never.
  Task<bool> can_repeat(int result);
  Task<bool> wait_for(SocketWait event);

  asio::ip::tcp::socket socket_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::optional<api::User> user_;
};

}  // namespace skiff::server
