#include "server/http/tls_stream.h"

#include "api/base/check.h"
#include "server/http/awaitable.h"
#include "server/http/tcp_stream.h"
#include "server/http/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace skiff::server {

namespace {

using asio::ip::tcp;

// OpenSSL's way to the socket. (Its own BIO for sockets would raise SIGPIPE when a client is gone.)

tcp::socket& socket_of(BIO* bio) { return *static_cast<tcp::socket*>(BIO_get_data(bio)); }

int finish_transfer(BIO* bio, ssize_t count, int retry_flag) {
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
  }
  return static_cast<int>(count);
}

int read_from_socket(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto room = static_cast<std::size_t>(size);
  return finish_transfer(bio, ::recv(socket_of(bio).native_handle(), data, room, MSG_DONTWAIT), BIO_FLAGS_READ);
}

int write_to_socket(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto length = static_cast<std::size_t>(size);
  const ssize_t sent = ::send(socket_of(bio).native_handle(), data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  return finish_transfer(bio, sent, BIO_FLAGS_WRITE);
}

// Nothing is held back in between that could be flushed.
long control_socket(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket of a connection");
    CHECK_INVARIANT(made != nullptr);
    BIO_meth_set_read(made, read_from_socket);
    BIO_meth_set_write(made, write_to_socket);
    BIO_meth_set_ctrl(made, control_socket);
    return made;
  }();
  return method;
}

}  // namespace

TlsStream::TlsStream(tcp::socket socket, SSL_CTX* context) : socket_(std::move(socket)), ssl_(SSL_new(context)) {
  BIO* bio = BIO_new(socket_method());
  CHECK_INVARIANT(ssl_ != nullptr && bio != nullptr);
  BIO_set_data(bio, &socket_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

Task<bool> TlsStream::handshake() {
  for (;;) {
    ERR_clear_error();
    const int result = SSL_accept(ssl_.get());
    if (result == 1) break;
    if (!co_await can_repeat(result)) co_return false;
  }
  user_ = server::certificate_user(ssl_.get());
  co_return true;
}

Task<bool> TlsStream::readable() {
  if (SSL_has_pending(ssl_.get()) == 1) co_return true;
  co_return co_await wait_for(SocketWait::wait_read);
}

Task<std::size_t> TlsStream::read_some(std::span<char> buffer) {
  if (buffer.empty()) co_return 0;
  const int size = static_cast<int>(std::min<std::size_t>(buffer.size(), std::numeric_limits<int>::max()));
  for (;;) {
    ERR_clear_error();
    const int count = SSL_read(ssl_.get(), buffer.data(), size);
    if (count > 0) co_return static_cast<std::size_t>(count);
    if (!co_await can_repeat(count)) co_return 0;
  }
}

Task<bool> TlsStream::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    ERR_clear_error();
    const std::size_t piece = std::min<std::size_t>(bytes.size(), std::numeric_limits<int>::max());
    const int count = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(piece));
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (!co_await can_repeat(count)) {
      co_return false;
    }
  }
  co_return true;
}

Task<void> TlsStream::finish() {
  for (;;) {
    ERR_clear_error();
    const int result = SSL_shutdown(ssl_.get());
    // 0: our last word is said; the client's need not be waited for.
    if (result >= 0 || !co_await can_repeat(result)) break;
  }
  co_await shut_down_and_discard(socket_);
}

void TlsStream::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

Task<bool> TlsStream::can_repeat(int result) {
  const int reason = SSL_get_error(ssl_.get(), result);
  if (reason == SSL_ERROR_WANT_READ) co_return co_await wait_for(SocketWait::wait_read);
  if (reason == SSL_ERROR_WANT_WRITE) co_return co_await wait_for(SocketWait::wait_write);
  co_return false;
}

Task<bool> TlsStream::wait_for(SocketWait event) {
  if (!socket_.is_open()) co_return false;
  const auto [error] = co_await socket_.async_wait(event, kAwaitable);
  co_return !error && socket_.is_open();
}

}  // namespace skiff::server
