#include "server/streaming/websocket_channels.h"

#include "api/base/ids.h"

#include <utility>

namespace skiff::server {

namespace {

constexpr std::size_t kMaxHeldBytes = 256 * 1024;
constexpr std::chrono::seconds kWebSocketPingPeriod{5};
constexpr std::chrono::seconds kWebSocketCloseTimeout{2};

}  // namespace

WebSocketChannels::WebSocketChannels(asio::any_io_executor executor, ByteStream& stream, bool base64)
    : stream_(stream), base64_(base64), socket_(executor, stream), room_(executor), left_(executor) {}

Task<void> WebSocketChannels::read(Take take) {
  while (!gone_) {
    auto piece = co_await socket_.read();
    if (!piece) break;
    take_piece(std::move(*piece), take);
    co_await wait_for_room();
  }
  gone_ = true;
  left_.notify();
}

void WebSocketChannels::take_piece(WebSocketPiece piece, const Take& take) {
  if (piece.first) {
    channel_ = -1;
    undecoded_.clear();
  }
  if (channel_ < 0 && !piece.bytes.empty()) {
    channel_ = static_cast<std::uint8_t>(base64_ ? piece.bytes[0] - '0' : piece.bytes[0]);
    piece.bytes.erase(0, 1);
  }
  if (base64_) piece.bytes = decoded(piece.bytes);
  if (!piece.bytes.empty()) take(static_cast<std::uint8_t>(channel_), std::move(piece.bytes));
}

std::string WebSocketChannels::decoded(const std::string& text) {
  undecoded_ += text;
  const std::size_t whole = undecoded_.size() / 4 * 4;
  std::string bytes;
  if (!base64_decode(std::string_view(undecoded_).substr(0, whole), bytes)) bytes.clear();
  undecoded_.erase(0, whole);
  return bytes;
}

void WebSocketChannels::release(std::size_t bytes) {
  held_ -= bytes;
  room_.notify();
}

Task<void> WebSocketChannels::wait_for_room() {
  while (held_ > kMaxHeldBytes && !gone_) {
    const auto deadline = std::chrono::steady_clock::now() + kWebSocketPingPeriod;
    if (co_await room_.wait_until(deadline)) continue;
    const bool alive = co_await socket_.ping();
    if (!alive) co_return;
  }
}

Task<bool> WebSocketChannels::write(std::uint8_t channel, std::string_view bytes) {
  std::string message(1, static_cast<char>(base64_ ? '0' + channel : channel));
  if (!base64_) {
    message += bytes;
    return socket_.write(message);
  }
  message += base64_encode(bytes);
  return socket_.write_text(message);
}

Task<void> WebSocketChannels::say_goodbye() {
  co_await socket_.say_goodbye();
  const auto deadline = std::chrono::steady_clock::now() + kWebSocketCloseTimeout;
  while (!gone_) {
    if (!co_await left_.wait_until(deadline)) break;
  }
}

void WebSocketChannels::close() {
  gone_ = true;
  socket_.cancel();
  stream_.close();
  room_.notify();
  left_.notify();
}

}  // namespace skiff::server
