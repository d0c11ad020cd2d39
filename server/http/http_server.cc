#include "server/http/http_server.h"

#include "api/base/check.h"
#include "api/base/log.h"
#include "server/http/awaitable.h"
#include "server/http/connection.h"
#include "server/http/tcp_stream.h"
#include "server/http/tls.h"
#include "server/http/tls_stream.h"

#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <unordered_map>

namespace skiff::server {

using asio::ip::tcp;

namespace {

// After accept() failed, which it does when the process has no file descriptors left.
constexpr std::chrono::milliseconds kAcceptRetry{100};

// The kernel finds out by itself, without waking us, when the machine of a silent watcher is gone.
constexpr int kKeepAliveIdleSeconds = 60;
constexpr int kKeepAliveIntervalSeconds = 15;

// What the kernel takes of a client that does not read, beyond what is on its way; it would take megabytes. What this
// leaves to be sent keeps any line busy until we are woken.
constexpr int kMaxUnsentBytes = 128 * 1024;

// Descriptors that connections leave to the database, containers and logs.
constexpr std::size_t kReservedDescriptors = 512;

using MaxUnsent = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
using KeepAliveIdle = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
using KeepAliveInterval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;

void set_options(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  socket.set_option(KeepAliveIdle(kKeepAliveIdleSeconds), ignored);
  socket.set_option(KeepAliveInterval(kKeepAliveIntervalSeconds), ignored);
  socket.set_option(MaxUnsent(kMaxUnsentBytes), ignored);
}

std::size_t max_connections(const HttpLimits& limits) {
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return limits.connections;
  const std::size_t all = descriptors.rlim_cur;
  return std::min(limits.connections, all - std::min(all / 2, kReservedDescriptors));
}

}  // namespace

// Everything on `strand`, apart from start(), which comes before anything runs there.
struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(asio::any_io_executor executor_in, Handler& handler_in, const Clock& clock_in, HttpServerOptions options_in)
      : executor(std::move(executor_in)),
        strand(asio::make_strand(executor)),
        handler(handler_in),
        clock(clock_in),
        options(std::move(options_in)),
        max_connections(server::max_connections(options.limits)),
        acceptor(strand),
        retry(strand),
        ended(strand) {}

  Result<void> listen();
  Task<void> accept();
  void open(tcp::socket socket, asio::any_io_executor connection_strand);
  Task<void> stop();
  // Calls stop() or abort() of all connections, each on its strand.
  void tell_all(void (Connection::*action)());

  const asio::any_io_executor executor;
  const asio::any_io_executor strand;
  Handler& handler;
  const Clock& clock;
  const HttpServerOptions options;
  const std::size_t max_connections;
  std::unique_ptr<asio::ssl::context> tls;
  tcp::acceptor acceptor;
  asio::steady_timer retry;
  std::uint16_t port = 0;

  std::unordered_map<std::shared_ptr<Connection>, asio::any_io_executor> connections;
  bool accepting = false;
  bool stopping = false;
  Signal ended;  // a connection or accept() less, for stop()
};

Result<void> HttpServer::Impl::listen() {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) return Error{ErrorCode::kInvalid, "listen on " + options.address + ": not an IP address"};
  const tcp::endpoint endpoint(address, options.port);
  const std::string host = address.is_v6() ? "[" + options.address + "]" : options.address;
  const std::string context = "listen on " + host + ":" + std::to_string(options.port);

  if (options.tls) {
    auto made = make_server_context(*options.tls);
    if (!made) return made.error().wrap(context);
    tls = std::move(*made);
  }
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    boost::system::error_code ignored;
    acceptor.close(ignored);
    return errno_error(context, error.value());
  }
  port = acceptor.local_endpoint(error).port();
  return {};
}

Task<void> HttpServer::Impl::accept() {
  const auto self = shared_from_this();
  bool failing = false;
  bool full = false;
  while (!stopping) {
    asio::any_io_executor connection_strand = asio::make_strand(executor);
    auto [error, socket] = co_await acceptor.async_accept(connection_strand, kAwaitable);
    if (stopping) break;
    if (error) {
      if (!failing) spdlog::warn("accept on port {}: {}; trying again", port, error.message());
      failing = true;
      retry.expires_after(kAcceptRetry);
      co_await retry.async_wait(kAwaitable);
      continue;
    }
    failing = false;
    const bool was_full = std::exchange(full, connections.size() >= max_connections);
    if (!full) {
      open(std::move(socket), std::move(connection_strand));
    } else if (!was_full) {
      spdlog::warn("port {} has {} connections; further ones are refused", port, connections.size());
    }
  }
  accepting = false;
  ended.notify();
}

void HttpServer::Impl::open(tcp::socket socket, asio::any_io_executor connection_strand) {
  set_options(socket);
  std::unique_ptr<ByteStream> stream;
  if (tls != nullptr) {
    stream = std::make_unique<TlsStream>(std::move(socket), tls->native_handle());
  } else {
    stream = std::make_unique<TcpStream>(std::move(socket));
  }
  const auto connection =
      std::make_shared<Connection>(connection_strand, std::move(stream), handler, clock, options.limits);
  connections.emplace(connection, connection_strand);
  auto forget = [self = shared_from_this(), connection](const std::exception_ptr& exception) {
    CHECK_INVARIANT(!exception);
    asio::post(self->strand, [self, connection] {
      self->connections.erase(connection);
      self->ended.notify();
    });
  };
  asio::co_spawn(connection_strand, connection->run(), std::move(forget));
}

void HttpServer::Impl::tell_all(void (Connection::*action)()) {
  for (const auto& [connection, connection_strand] : connections) {
    asio::post(connection_strand, [connection = connection, action] { (connection.get()->*action)(); });
  }
}

Task<void> HttpServer::Impl::stop() {
  const auto self = shared_from_this();
  stopping = true;
  boost::system::error_code ignored;
  acceptor.close(ignored);
  retry.cancel();
  tell_all(&Connection::stop);
  const auto deadline = std::chrono::steady_clock::now() + options.limits.shutdown_grace;
  while (accepting || !connections.empty()) {
    if (!co_await ended.wait_until(deadline)) break;
  }
  tell_all(&Connection::abort);
  while (accepting || !connections.empty()) co_await ended.wait();
}

HttpServer::HttpServer(asio::any_io_executor executor, Handler& handler, const Clock& clock, HttpServerOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), handler, clock, std::move(options))) {}

HttpServer::~HttpServer() = default;

Result<void> HttpServer::start() {
  if (auto listening = impl_->listen(); !listening) return listening.error();
  impl_->accepting = true;
  asio::co_spawn(impl_->strand, impl_->accept(), asio::detached);
  return {};
}

std::uint16_t HttpServer::port() const { return impl_->port; }

Task<void> HttpServer::stop() { co_await asio::co_spawn(impl_->strand, impl_->stop(), asio::use_awaitable); }

}  // namespace skiff::server
