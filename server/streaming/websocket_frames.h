#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

// The frames of RFC 6455 as bytes, as a server reads and writes them. Nothing here knows sockets.
namespace skiff::server {

// A piece of a message, text or binary.
struct WebSocketPiece {
  std::string bytes;
  bool first = false;  // of its message
  bool last = false;
};
struct WebSocketPing {
  std::string payload;
};
struct WebSocketPong {};
struct WebSocketClose {};
using WebSocketFrame = std::variant<WebSocketPiece, WebSocketPing, WebSocketPong, WebSocketClose>;

// Makes frames out of the bytes of a client, however they are cut. Messages come in pieces of at most 32 KiB, so their
// length does not matter. No extensions.
class WebSocketFrameReader {
 public:
  void put(std::string_view bytes);
  // Nothing: more bytes are needed, or the client has failed.
  [[nodiscard]] std::optional<WebSocketFrame> next();
  // The client broke the protocol; nothing it sends is understood any more.
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  bool read_header();
  std::optional<WebSocketFrame> next_piece();
  std::optional<WebSocketFrame> control_frame();
  // Takes bytes off the input, without their mask.
  std::string take(std::size_t count);
  bool fail();

  std::string input_;
  bool in_frame_ = false;  // its header has been read
  bool final_frame_ = false;
  std::uint8_t operation_ = 0;
  std::uint64_t left_ = 0;  // of the frame's payload
  std::uint32_t mask_ = 0;
  std::size_t mask_position_ = 0;
  bool in_message_ = false;
  bool at_message_start_ = false;
  bool failed_ = false;
};

[[nodiscard]] std::string websocket_binary(std::string_view payload);
[[nodiscard]] std::string websocket_text(std::string_view payload);
[[nodiscard]] std::string websocket_ping();
[[nodiscard]] std::string websocket_pong(std::string_view payload);
inline constexpr std::uint16_t kWebSocketNormalClosure = 1000;
inline constexpr std::uint16_t kWebSocketProtocolError = 1002;
[[nodiscard]] std::string websocket_close(std::uint16_t code);

}  // namespace skiff::server
