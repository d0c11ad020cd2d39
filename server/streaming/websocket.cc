#include "server/streaming/websocket.h"

#include "api/base/ids.h"

#include <openssl/sha.h>

#include <array>

namespace skiff::server {

namespace {

constexpr std::size_t kWebSocketReadBytes = 32 * 1024;

}  // namespace

std::string websocket_accept(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64_encode(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

WebSocket::WebSocket(asio::any_io_executor executor, ByteStream& stream)
    : stream_(stream), outgoing_(std::move(executor), stream) {}

Task<std::optional<WebSocketPiece>> WebSocket::read() {
  std::array<char, kWebSocketReadBytes> buffer;
  while (!ended_) {
    auto frame = reader_.next();
    if (!frame) {
      if (reader_.failed()) {
        co_await send_close(kWebSocketProtocolError);
        break;
      }
      const std::size_t count = co_await stream_.read_some(buffer);
      if (count == 0) break;
      reader_.put(std::string_view(buffer.data(), count));
    } else if (auto* piece = std::get_if<WebSocketPiece>(&*frame)) {
      std::optional<WebSocketPiece> result(std::move(*piece));
      co_return result;
    } else if (const auto* ping = std::get_if<WebSocketPing>(&*frame)) {
      co_await outgoing_.send(websocket_pong(ping->payload));
    } else if (std::holds_alternative<WebSocketClose>(*frame)) {
      co_await send_close(kWebSocketNormalClosure);
      break;
    }
  }
  ended_ = true;
  co_return std::nullopt;
}

Task<void> WebSocket::send_close(std::uint16_t code) {
  if (std::exchange(close_sent_, true)) co_return;
  co_await outgoing_.send(websocket_close(code));
}

Task<bool> WebSocket::write(std::string_view message) { return outgoing_.send(websocket_binary(message)); }

Task<bool> WebSocket::write_text(std::string_view message) { return outgoing_.send(websocket_text(message)); }

Task<bool> WebSocket::ping() { return outgoing_.send(websocket_ping()); }

Task<void> WebSocket::say_goodbye() {
  co_await send_close(kWebSocketNormalClosure);
  co_await outgoing_.drain();
}

void WebSocket::cancel() {
  ended_ = true;
  outgoing_.cancel();
}

}  // namespace skiff::server
