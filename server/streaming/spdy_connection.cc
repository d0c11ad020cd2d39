#include "server/streaming/spdy_connection.h"

#include <array>
#include <utility>

namespace skiff::server {

namespace {

constexpr std::size_t kUnreadBytes = 256 * 1024;
constexpr std::size_t kOpenStreams = 1000;
constexpr std::size_t kSpdyReadBytes = 32 * 1024;
// How long a client that must not send is left alone.
constexpr std::chrono::seconds kSpdyPingPeriod{5};

}  // namespace

SpdyStream::SpdyStream(SpdyConnection& connection, std::uint32_t id, SpdyHeaders headers, bool ended)
    : connection_(connection), id_(id), headers_(std::move(headers)), ended_(ended) {}

std::string SpdyStream::header(std::string_view name) const {
  for (const auto& [key, value] : headers_) {
    if (key == name) return value;
  }
  return "";
}

std::optional<std::string> SpdyStream::take() {
  if (pieces_.empty()) return std::nullopt;
  std::string piece = std::move(pieces_.front());
  pieces_.pop_front();
  connection_.taken(piece.size());
  return piece;
}

void SpdyStream::set_listener(std::function<void()> listener) { listener_ = std::move(listener); }

Task<bool> SpdyStream::write(std::string_view bytes) {
  if (reset_ || written_) co_return false;
  co_return co_await connection_.outgoing_.send(SpdyFrameWriter::data(id_, bytes, false));
}

Task<bool> SpdyStream::write_last(std::string_view bytes) {
  if (reset_ || std::exchange(written_, true)) co_return false;
  const bool sent = co_await connection_.outgoing_.send(SpdyFrameWriter::data(id_, bytes, true));
  connection_.forget_if_done(*this);
  co_return sent;
}

Task<void> SpdyStream::reset(std::uint32_t status) {
  if (std::exchange(reset_, true)) co_return;
  stop_reading();
  connection_.forget_if_done(*this);
  co_await connection_.outgoing_.send(SpdyFrameWriter::reset(id_, status));
}

void SpdyStream::stop_reading() {
  dropping_ = true;
  while (take()) {
  }
}

SpdyConnection::SpdyConnection(asio::any_io_executor executor, ByteStream& stream, StreamListener listener)
    : stream_(stream), listener_(std::move(listener)), outgoing_(executor, stream), some_taken_(executor) {}

SpdyConnection::~SpdyConnection() = default;

void SpdyConnection::taken(std::size_t bytes) {
  unread_bytes_ -= bytes;
  some_taken_.notify();
}

void SpdyConnection::announce(SpdyStream& stream) {
  if (stream.listener_) stream.listener_();
}

void SpdyConnection::forget_if_done(const SpdyStream& stream) {
  if ((stream.ended_ && stream.written_) || stream.reset_) streams_.erase(stream.id_);
}

void SpdyConnection::fail_all() {
  ended_ = true;
  outgoing_.cancel();
  for (const auto& [id, stream] : std::exchange(streams_, {})) {
    stream->reset_ = true;
    announce(*stream);
  }
}

void SpdyConnection::cancel() {
  fail_all();
  some_taken_.notify();
}

Task<void> SpdyConnection::wait_for_readers() {
  while (unread_bytes_ > kUnreadBytes && !ended_) {
    const auto deadline = std::chrono::steady_clock::now() + kSpdyPingPeriod;
    if (co_await some_taken_.wait_until(deadline)) continue;
    const bool alive = co_await outgoing_.send(SpdyFrameWriter::ping(next_ping_));
    next_ping_ += 2;
    if (!alive) co_return;
  }
}

Task<void> SpdyConnection::run() {
  std::array<char, kSpdyReadBytes> buffer;
  while (!ended_) {
    while (auto frame = reader_.next()) {
      co_await handle(std::move(*frame));
      co_await wait_for_readers();
    }
    if (reader_.failed()) {
      co_await outgoing_.send(SpdyFrameWriter::go_away(last_stream_, kSpdyGoAwayProtocolError));
      break;
    }
    if (ended_) break;
    const std::size_t count = co_await stream_.read_some(buffer);
    if (count == 0) break;
    reader_.put(std::string_view(buffer.data(), count));
  }
  fail_all();
}

Task<void> SpdyConnection::handle(SpdyFrame frame) {
  if (auto* opening = std::get_if<SpdySynStream>(&frame)) {
    co_await open_stream(std::move(*opening));
  } else if (auto* data = std::get_if<SpdyData>(&frame)) {
    receive(std::move(*data));
  } else if (const auto* reset = std::get_if<SpdyReset>(&frame)) {
    const auto found = streams_.find(reset->stream);
    if (found == streams_.end()) co_return;
    const std::shared_ptr<SpdyStream> stream = found->second;
    stream->reset_ = true;
    streams_.erase(found);
    announce(*stream);
  } else if (const auto* ping = std::get_if<SpdyPing>(&frame)) {
    // Ours have even numbers.
    if (ping->id % 2 == 1) co_await outgoing_.send(SpdyFrameWriter::ping(ping->id));
  }
  // What remains says that the client opens no more streams, or answers what we never asked.
}

Task<void> SpdyConnection::open_stream(SpdySynStream frame) {
  if (frame.stream % 2 == 0 || frame.stream <= last_stream_) {
    co_await outgoing_.send(SpdyFrameWriter::reset(frame.stream, kSpdyResetProtocolError));
    co_return;
  }
  last_stream_ = frame.stream;
  if (streams_.size() >= kOpenStreams) {
    co_await outgoing_.send(SpdyFrameWriter::reset(frame.stream, kSpdyResetRefusedStream));
    co_return;
  }
  auto stream = std::make_shared<SpdyStream>(*this, frame.stream, std::move(frame.headers), frame.fin);
  streams_[frame.stream] = stream;
  // Only this coroutine sends frames with headers, so they leave in the order made.
  const bool sent = co_await outgoing_.send(writer_.syn_reply(frame.stream));
  if (sent) listener_(stream);
}

void SpdyConnection::receive(SpdyData frame) {
  const auto found = streams_.find(frame.stream);
  // It may just have ended on our side.
  if (found == streams_.end() || found->second->ended_) return;
  const std::shared_ptr<SpdyStream> stream = found->second;
  if (!frame.bytes.empty() && !stream->dropping_) {
    unread_bytes_ += frame.bytes.size();
    stream->pieces_.push_back(std::move(frame.bytes));
  }
  if (frame.fin) stream->ended_ = true;
  forget_if_done(*stream);
  announce(*stream);
}

Task<void> SpdyConnection::say_goodbye() {
  co_await outgoing_.send(SpdyFrameWriter::go_away(last_stream_, kSpdyGoAwayOk));
  co_await outgoing_.drain();
}

}  // namespace skiff::server
