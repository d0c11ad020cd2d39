#include "server/http/connection.h"

#include "api/base/ids.h"
#include "api/base/log.h"
#include "api/status.h"
#include "server/http/gzip.h"
#include "server/http/response_head.h"
#include "server/http/status_response.h"

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <charconv>

namespace skiff::server {

namespace {

// What a response's pieces are gathered in, so that TLS records are full: one record. A client that does not read holds
// no more of its response than this.
constexpr std::size_t kStagingBytes = 16 * 1024;
// What is sent before other connections have their turn.
constexpr std::size_t kBytesPerTurn = 64 * 1024;
// Staging memory that a quiet connection may keep.
constexpr std::size_t kKeptStagingBytes = 4 * 1024;

// As Go's net/http answers what is not HTTP.
Response plain_response(int status) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.body.push_back(Slice::of(std::to_string(status) + " " + reason_phrase(status)));
  return response;
}

std::size_t total_bytes(const std::vector<Slice>& pieces) {
  std::size_t total = 0;
  for (const Slice& piece : pieces) total += piece.bytes.size();
  return total;
}

// "1f40\r\n".
std::string chunk_header(std::size_t size) {
  std::array<char, 16> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16);
  std::string line(digits.data(), end);
  line += "\r\n";
  return line;
}

// A client's stream, with what was read of it too early in front.
class StreamWithInput final : public ByteStream {
 public:
  StreamWithInput(ByteStream& stream, InputBuffer& input) : stream_(stream), input_(input) {}

  Task<bool> handshake() override { return stream_.handshake(); }
  Task<std::size_t> read_some(std::span<char> buffer) override {
    const std::size_t count = input_.bytes().copy(buffer.data(), buffer.size());
    if (count == 0) co_return co_await stream_.read_some(buffer);
    input_.consume(count);
    co_return count;
  }
  Task<bool> write_all(std::string_view bytes) override { return stream_.write_all(bytes); }
  Task<void> finish() override { return stream_.finish(); }
  void close() override { stream_.close(); }
  std::optional<api::User> certificate_user() const override { return stream_.certificate_user(); }

 private:
  ByteStream& stream_;
  InputBuffer& input_;
};

}  // namespace

Connection::Connection(asio::any_io_executor executor, std::unique_ptr<ByteStream> stream, Handler& handler,
                       const Clock& clock, const HttpLimits& limits)
    : executor_(std::move(executor)),
      stream_(std::move(stream)),
      handler_(handler),
      clock_(clock),
      limits_(limits),
      // More than a header, so that the parser, not the buffer, finds that one is too long.
      input_(limits.header_bytes + 1024),
      client_watched_(executor_),
      timer_(executor_) {}

Task<void> Connection::run() {
  const auto self = shared_from_this();
  set_deadline(limits_.handshake);
  if (co_await stream_->handshake()) {
    Next next = Next::kRequest;
    while (next == Next::kRequest && !stopping_) {
      answering_ = false;
      next = co_await serve();
    }
    // A client that is still watched has no unread input that could reset the connection.
    if (next == Next::kFinish && !watching_client_) {
      set_deadline(limits_.linger);
      co_await stream_->finish();
    }
  }
  stream_->close();
  while (watching_client_) co_await client_watched_.wait();
  clear_deadline();
  timer_.cancel();
}

void Connection::stop() {
  stopping_ = true;
  if (!answering_) stream_->close();
  if (streaming_ != nullptr) streaming_->cancel();
  if (upgraded_ != nullptr) upgraded_->cancel();
}

void Connection::abort() {
  stop();
  stream_->close();
}

Task<Connection::Next> Connection::serve() {
  RequestParser parser(limits_);
  if (!co_await read_request(parser)) co_return Next::kClose;
  clear_deadline();
  answering_ = true;
  if (parser.state() != RequestParser::State::kDone) co_return co_await refuse(parser.state());

  Request& request = parser.request();
  // A client may name its request itself.
  request.id = request.headers.get("Audit-Id");
  if (request.id.empty()) request.id = new_uuid();
  request.certificate_user = stream_->certificate_user();
  Exchange exchange;
  exchange.id = request.id;
  exchange.head_only = request.method == "HEAD";
  exchange.gzip = accepts_gzip(request.headers.get("Accept-Encoding"));
  exchange.chunked = parser.is_http_1_1();
  // HTTP/1.0's own keep-alive is not worth its rules.
  exchange.keep_alive = parser.keep_alive() && parser.is_http_1_1();
  exchange.method = request.method;
  exchange.user_agent = request.headers.get("User-Agent");

  Response response = co_await handle(std::move(request));
  const int status = response.status;
  auto answering = response.upgrade ? hand_over(exchange, std::move(response)) : respond(exchange, std::move(response));
  const Next next = co_await std::move(answering);
  log(exchange, parser.target(), status);
  co_return next;
}

// With the names that upstream's log of requests has. What only reads is logged at a lower level.
void Connection::log(const Exchange& exchange, const std::string& target, int status) {
  const bool reads = exchange.method == "GET" || exchange.method == "HEAD";
  const auto level = reads ? spdlog::level::trace : spdlog::level::debug;
  if (!spdlog::should_log(level)) return;
  const std::chrono::duration<double, std::milli> latency = std::chrono::steady_clock::now() - exchange.begin;
  log_fields(level, "HTTP",
             {{"verb", exchange.method},
              {"URI", target},
              {"latency", fmt::format("{:.3f}ms", latency.count())},
              {"userAgent", exchange.user_agent},
              {"audit-ID", exchange.id},
              {"resp", std::to_string(status)}});
}

Task<bool> Connection::read_request(RequestParser& parser) {
  if (input_.empty()) {
    set_deadline(limits_.idle);
    if (!co_await fill()) co_return false;
  }
  set_deadline(limits_.header_read);
  for (bool header_seen = false;;) {
    input_.consume(parser.put(input_.bytes()));
    const RequestParser::State state = parser.state();
    if (state != RequestParser::State::kHeader && state != RequestParser::State::kBody) co_return true;
    if (state == RequestParser::State::kBody && !header_seen) {
      header_seen = true;
      set_deadline(limits_.body_read);
      if (parser.expects_continue() && input_.empty()) {
        if (!co_await stream_->write_all("HTTP/1.1 100 Continue\r\n\r\n")) co_return false;
      }
    }
    if (!co_await fill()) co_return false;
  }
}

Task<bool> Connection::fill() {
  const std::size_t had = input_.bytes().size();
  while (watching_client_) co_await client_watched_.wait();
  if (input_.bytes().size() > had) co_return true;
  if (client_gone_) co_return false;
  const std::size_t count = co_await read_more();
  co_return count > 0;
}

Task<std::size_t> Connection::read_more() {
  if (input_.empty()) {
    // Most connections wait most of the time.
    input_.release();
    if (!co_await stream_->readable()) co_return 0;
  }
  const std::size_t count = co_await stream_->read_some(input_.prepare());
  input_.commit(count);
  co_return count;
}

Task<Response> Connection::handle(Request request) {
  const std::string id = request.id;
  std::string problem;
  try {
    co_return co_await handler_.handle(std::move(request));
  } catch (const std::exception& error) {
    problem = error.what();
  }
  spdlog::error("request {}: {}", id, problem);
  co_return status_response(api::internal_error(problem));
}

Task<Connection::Next> Connection::refuse(RequestParser::State state) {
  Exchange exchange;
  exchange.id = new_uuid();
  Response response;
  if (state == RequestParser::State::kBodyTooLong) {
    api::Status status;
    status.reason = api::Reason::kRequestEntityTooLarge;
    status.message = "Request entity too large: limit is " + std::to_string(limits_.body_bytes);
    response = status_response(status);
  } else {
    response = plain_response(state == RequestParser::State::kHeaderTooLong ? 431 : 400);
  }
  co_return co_await respond(exchange, std::move(response));
}

Task<Connection::Next> Connection::respond(const Exchange& exchange, Response response) {
  const bool bodiless = response.status == 204 || response.status == 304;
  Framing framing;
  if (response.stream != nullptr) {
    framing.kind = exchange.chunked ? Framing::Kind::kChunked : Framing::Kind::kUntilClose;
  } else if (!bodiless) {
    if (exchange.gzip && !exchange.head_only && total_bytes(response.body) >= limits_.gzip_threshold_bytes &&
        response.headers.find("Content-Encoding") == nullptr) {
      response.body = co_await gzip(std::move(response.body));
      response.headers.set("Content-Encoding", "gzip");
      response.headers.add("Vary", "Accept-Encoding");
    }
    framing.kind = Framing::Kind::kLength;
    framing.length = total_bytes(response.body);
  }
  response.headers.set("Audit-Id", exchange.id);
  if (response.headers.find("Cache-Control") == nullptr) {
    response.headers.add("Cache-Control", "no-cache, private");
  }
  const bool close = stopping_ || !exchange.keep_alive || framing.kind == Framing::Kind::kUntilClose;
  const std::string head = response_head(response.status, response.headers, framing, close, clock_.now());
  if (!co_await stage(head)) co_return Next::kClose;

  if (!exchange.head_only && !bodiless) {
    if (response.stream != nullptr && !co_await send_stream(*response.stream, exchange.chunked)) {
      co_return Next::kClose;
    }
    if (!co_await stage_all(response.body)) co_return Next::kClose;
  }
  if (!co_await flush()) co_return Next::kClose;
  co_return close ? Next::kFinish : Next::kRequest;
}

Task<Connection::Next> Connection::hand_over(const Exchange& exchange, Response response) {
  response.headers.set("Audit-Id", exchange.id);
  const std::string head = response_head(response.status, response.headers, Framing(), false, clock_.now());
  if (!co_await stage(head)) co_return Next::kClose;
  if (!co_await flush()) co_return Next::kClose;
  // A body of an earlier response may still be watching for its client's end.
  while (watching_client_) co_await client_watched_.wait();
  if (client_gone_ || stopping_) co_return Next::kClose;
  StreamWithInput stream(*stream_, input_);
  upgraded_ = response.upgrade.get();
  co_await upgraded_->run(stream);
  upgraded_ = nullptr;
  co_return Next::kClose;
}

Task<bool> Connection::send_stream(BodyStream& body, bool chunked) {
  // The client learns that its watch stands before the first event comes.
  if (!co_await flush()) co_return false;
  streaming_ = &body;
  if (!watching_client_) {
    watching_client_ = true;
    asio::co_spawn(executor_, watch_client(), asio::detached);
  }
  if (stopping_) body.cancel();
  bool sent = true;
  while (sent) {
    const std::optional<std::vector<Slice>> pieces = co_await next_pieces(body);
    if (pieces && pieces->empty()) break;
    sent = pieces && co_await send_pieces(*pieces, chunked);
  }
  streaming_ = nullptr;
  if (sent && chunked) sent = co_await stage("0\r\n\r\n");
  co_return sent;
}

Task<std::optional<std::vector<Slice>>> Connection::next_pieces(BodyStream& body) {
  try {
    co_return co_await body.next();
  } catch (const std::exception& error) {
    spdlog::error("streamed body: {}", error.what());
  }
  co_return std::nullopt;
}

Task<bool> Connection::send_pieces(const std::vector<Slice>& pieces, bool chunked) {
  const std::size_t size = total_bytes(pieces);
  // An empty chunk would end the body.
  if (size == 0) co_return true;
  // Nothing was left staged before, and what is staged now is sent below: there is room for these few bytes.
  if (chunked) staged_ += chunk_header(size);
  if (!co_await stage_all(pieces)) co_return false;
  if (chunked) staged_ += "\r\n";
  co_return co_await flush();
}

Task<void> Connection::watch_client() {
  while (streaming_ != nullptr && !input_.full()) {
    const std::size_t count = co_await read_more();
    if (count > 0) continue;
    client_gone_ = true;
    if (streaming_ != nullptr) streaming_->cancel();
    break;
  }
  watching_client_ = false;
  client_watched_.notify();
}

Task<bool> Connection::stage(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), kStagingBytes - staged_.size());
    staged_.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
    if (staged_.size() < kStagingBytes) break;
    if (!co_await flush()) co_return false;
    // A client that reads as fast as we write does not keep the thread to itself.
    sent_in_turn_ += kStagingBytes;
    if (sent_in_turn_ < kBytesPerTurn) continue;
    sent_in_turn_ = 0;
    co_await asio::post(executor_, asio::use_awaitable);
  }
  co_return true;
}

Task<bool> Connection::stage_all(const std::vector<Slice>& pieces) {
  for (const Slice& piece : pieces) {
    // Most are small, and a coroutine for each would cost more than they do.
    if (staged_.size() + piece.bytes.size() < kStagingBytes) {
      staged_ += piece.bytes;
    } else if (!co_await stage(piece.bytes)) {
      co_return false;
    }
  }
  co_return true;
}

Task<bool> Connection::flush() {
  if (staged_.empty()) co_return true;
  set_deadline(limits_.write);
  const bool sent = co_await stream_->write_all(staged_);
  clear_deadline();
  staged_.clear();
  if (staged_.capacity() > kKeptStagingBytes) staged_.shrink_to_fit();
  co_return sent;
}

void Connection::set_deadline(std::chrono::milliseconds time_left) {
  deadline_ = std::chrono::steady_clock::now() + time_left;
  if (deadline_ < timer_expiry_) arm_timer();
}

void Connection::clear_deadline() { deadline_ = Deadline::max(); }

void Connection::arm_timer() {
  timer_expiry_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (error) return;
    self->timer_expiry_ = Deadline::max();
    if (std::chrono::steady_clock::now() >= self->deadline_) {
      self->stream_->close();
    } else if (self->deadline_ != Deadline::max()) {
      self->arm_timer();
    }
  });
}

}  // namespace skiff::server
