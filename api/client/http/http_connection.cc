#include "api/client/http/http_connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <optional>

namespace skiff::api {

namespace {

namespace http = boost::beast::http;
using asio::ip::tcp;
using Parser = http::response_parser<http::buffer_body>;
using boost::system::error_code;

constexpr auto kAwaitable = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::uint32_t kMaxHeadBytes = 64 * 1024;

// The kernel asks a silent peer, so that no process has to wake up for it.
void watch_over(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  const int idle_seconds = 30;
  const int interval_seconds = 10;
  const int probes = 3;
  const int fd = socket.native_handle();
  (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof(idle_seconds));
  (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof(interval_seconds));
  (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

// The certificate must name the host; a numeric one as an address. (A context that goes by fingerprint does not look.)
void expect_host(SSL* ssl, const std::string& host) {
  error_code not_numeric;
  asio::ip::make_address(host, not_numeric);
  if (!not_numeric) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  } else {
    SSL_set1_host(ssl, host.c_str());
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
}

std::string text_of(const HttpRequest& request, const std::string& host) {
  std::string text = request.method;
  text += ' ';
  text += request.target;
  text += " HTTP/1.1\r\nHost: ";
  text += host;
  for (const auto& [name, value] : request.headers) {
    text += "\r\n";
    text += name;
    text += ": ";
    text += value;
  }
  if (!request.body.empty() || request.method != "GET") {
    text += "\r\nContent-Length: ";
    text += std::to_string(request.body.size());
  }
  text += "\r\n\r\n";
  text += request.body;
  return text;
}

}  // namespace

struct HttpConnection::Impl : std::enable_shared_from_this<Impl> {
  Impl(const asio::any_io_executor& executor, Endpoint endpoint_in, std::shared_ptr<boost::asio::ssl::context> tls_in)
      : endpoint(std::move(endpoint_in)),
        tls(std::move(tls_in)),
        resolver(executor),
        stream(executor, *tls),
        timer(executor) {}

  const Endpoint endpoint;
  const std::shared_ptr<boost::asio::ssl::context> tls;
  tcp::resolver resolver;
  boost::asio::ssl::stream<tcp::socket> stream;
  asio::steady_timer timer;
  boost::beast::flat_buffer buffer;
  std::optional<Parser> parser;  // of the answer that is being read
  bool broken = false;
  bool timed_out = false;

  void close() {
    broken = true;
    resolver.cancel();
    error_code ignored;
    stream.next_layer().close(ignored);
  }

  // What failed, and that the connection is of no more use.
  Status failure(const char* doing, const error_code& error) {
    close();
    std::string message = doing;
    message += ' ';
    message += endpoint.to_string();
    message += ": ";
    message += timed_out ? "timed out" : error.message();
    return timed_out ? timeout(message) : unavailable(message);
  }

  Task<Result<void>> connect();
  Task<error_code> connect_to_any(const tcp::resolver::results_type& addresses);
};

Task<error_code> HttpConnection::Impl::connect_to_any(const tcp::resolver::results_type& addresses) {
  error_code failure = asio::error::host_not_found;
  for (const auto& address : addresses) {
    if (broken) break;  // connecting would open the socket again
    const tcp::endpoint place = address.endpoint();
    error_code ignored;
    stream.next_layer().close(ignored);
    const auto [refused] = co_await stream.next_layer().async_connect(place, kAwaitable);
    failure = refused;
    if (!refused) break;
  }
  co_return failure;
}

Task<Result<void>> HttpConnection::Impl::connect() {
  const std::string port = std::to_string(endpoint.port);
  const auto [unresolved, addresses] = co_await resolver.async_resolve(endpoint.host, port, kAwaitable);
  if (unresolved) co_return failure("resolve", unresolved);
  const error_code refused = co_await connect_to_any(addresses);
  if (refused) co_return failure("connect to", refused);
  watch_over(stream.next_layer());
  expect_host(stream.native_handle(), endpoint.host);
  const auto [unfinished] = co_await stream.async_handshake(boost::asio::ssl::stream_base::client, kAwaitable);
  if (unfinished) co_return failure("shake hands with", unfinished);
  co_return Result<void>();
}

HttpConnection::HttpConnection(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpConnection::~HttpConnection() { close(); }

Task<Result<std::unique_ptr<HttpConnection>>> HttpConnection::open(Endpoint endpoint,
                                                                   std::shared_ptr<boost::asio::ssl::context> tls,
                                                                   Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  auto impl = std::make_shared<Impl>(executor, std::move(endpoint), std::move(tls));
  std::unique_ptr<HttpConnection> connection(new HttpConnection(impl));
  connection->set_deadline(deadline);
  const Result<void> connected = co_await impl->connect();
  if (!connected) co_return connected.error();
  co_return connection;
}

void HttpConnection::set_deadline(Deadline deadline) {
  impl_->timer.expires_at(deadline);
  if (deadline == Deadline::max()) return;
  impl_->timer.async_wait([weak = impl_->weak_from_this()](const error_code& replaced) {
    const auto impl = weak.lock();
    if (!impl || replaced) return;
    impl->timed_out = true;
    impl->close();
  });
}

Task<Result<int>> HttpConnection::send(HttpRequest request) {
  const std::shared_ptr<Impl> impl = impl_;
  const std::string text = text_of(request, impl->endpoint.to_string());
  const auto [unsent, sent] = co_await asio::async_write(impl->stream, asio::buffer(text), kAwaitable);
  if (unsent) co_return impl->failure("write to", unsent);
  impl->parser.emplace();
  impl->parser->header_limit(kMaxHeadBytes);
  impl->parser->body_limit(boost::none);
  const auto [unread, read] = co_await http::async_read_header(impl->stream, impl->buffer, *impl->parser, kAwaitable);
  if (unread) co_return impl->failure("read from", unread);
  co_return static_cast<int>(impl->parser->get().result_int());
}

std::string HttpConnection::header(std::string_view name) const {
  if (!impl_->parser) return "";
  const auto value = impl_->parser->get()[boost::beast::string_view(name.data(), name.size())];
  return std::string(value.data(), value.size());
}

Task<Result<std::string>> HttpConnection::read_some() {
  const std::shared_ptr<Impl> impl = impl_;
  std::string piece(kReadBytes, '\0');
  while (!impl->parser->is_done()) {
    auto& body = impl->parser->get().body();
    body.data = piece.data();
    body.size = piece.size();
    const auto [error, count] = co_await http::async_read_some(impl->stream, impl->buffer, *impl->parser, kAwaitable);
    const bool is_full = error == http::error::need_buffer;
    if (error && !is_full) co_return impl->failure("read from", error);
    const std::size_t length = piece.size() - body.size;
    if (length == 0) continue;
    piece.resize(length);
    co_return piece;
  }
  co_return std::string();
}

Task<std::string> HttpConnection::receive() {
  const std::shared_ptr<Impl> impl = impl_;
  // What came right behind the head.
  if (impl->buffer.size() > 0) {
    const auto early = impl->buffer.cdata();
    std::string bytes(static_cast<const char*>(early.data()), early.size());
    impl->buffer.consume(bytes.size());
    co_return bytes;
  }
  std::string bytes(kReadBytes, '\0');
  const auto [error, count] = co_await impl->stream.async_read_some(asio::buffer(bytes), kAwaitable);
  bytes.resize(error ? 0 : count);
  co_return bytes;
}

Task<bool> HttpConnection::transmit(std::string_view bytes) {
  const std::shared_ptr<Impl> impl = impl_;
  const asio::const_buffer data(bytes.data(), bytes.size());
  const auto [error, count] = co_await asio::async_write(impl->stream, data, kAwaitable);
  co_return !error;
}

bool HttpConnection::is_reusable() const {
  if (impl_->broken) return false;
  if (impl_->parser && (!impl_->parser->is_done() || !impl_->parser->keep_alive())) return false;
  // Anything that has come unasked, be it the end, means that the server has given the connection up.
  char unasked = 0;
  auto& socket = impl_->stream.next_layer();
  const ssize_t count = ::recv(const_cast<tcp::socket&>(socket).native_handle(), &unasked, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

asio::any_io_executor HttpConnection::executor() const { return impl_->timer.get_executor(); }

void HttpConnection::close() {
  impl_->timer.cancel();
  impl_->close();
}

}  // namespace skiff::api
