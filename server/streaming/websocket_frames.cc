#include "server/streaming/websocket_frames.h"

#include <algorithm>

namespace skiff::server {

namespace {

constexpr std::size_t kMessagePieceBytes = 32 * 1024;
constexpr std::uint64_t kControlPayloadBytes = 125;

// Operations of frames, as RFC 6455 numbers them.
namespace opcode {
enum : std::uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };
}

bool is_control(std::uint8_t operation) { return operation >= opcode::kClose; }

std::uint8_t byte_at(std::string_view bytes, std::size_t position) {
  return static_cast<std::uint8_t>(bytes[position]);
}

std::string server_frame(std::uint8_t operation, std::string_view payload) {
  std::string frame(1, static_cast<char>(0x80 | operation));
  const auto append_length = [&](char marker, int bytes) {
    frame += marker;
    for (int i = bytes - 1; i >= 0; --i) frame += static_cast<char>(payload.size() >> (8 * i) & 255);
  };
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else if (payload.size() < 65536) {
    append_length(126, 2);
  } else {
    append_length(127, 8);
  }
  frame += payload;
  return frame;
}

}  // namespace

void WebSocketFrameReader::put(std::string_view bytes) {
  if (!failed_) input_ += bytes;
}

bool WebSocketFrameReader::fail() {
  failed_ = true;
  input_.clear();
  return false;
}

// True when a whole header was read.
bool WebSocketFrameReader::read_header() {
  if (input_.size() < 2) return false;
  const std::uint8_t first = byte_at(input_, 0);
  const std::uint8_t second = byte_at(input_, 1);
  const std::uint8_t operation = first & 15;
  const bool final_frame = (first & 0x80) != 0;
  const bool known = operation <= opcode::kBinary || (operation >= opcode::kClose && operation <= opcode::kPong);
  // Reserved bits belong to extensions, and a client must mask.
  if (!known || (first & 0x70) != 0 || (second & 0x80) == 0) return fail();

  std::uint64_t length = second & 127;
  std::size_t position = 2;
  const std::size_t length_bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (input_.size() < position + length_bytes + 4) return false;
  if (length_bytes > 0) {
    length = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) length = length << 8 | byte_at(input_, position++);
  }
  if (length >> 63 != 0) return fail();
  if (is_control(operation) && (!final_frame || length > kControlPayloadBytes)) return fail();
  if (!is_control(operation)) {
    // A message is continued exactly when there is one.
    if ((operation == opcode::kContinuation) != in_message_) return fail();
    at_message_start_ = operation != opcode::kContinuation;
    in_message_ = !final_frame;
  }
  mask_ = 0;
  for (int i = 0; i < 4; ++i) mask_ = mask_ << 8 | byte_at(input_, position++);
  mask_position_ = 0;
  final_frame_ = final_frame;
  operation_ = operation;
  left_ = length;
  input_.erase(0, position);
  return true;
}

std::string WebSocketFrameReader::take(std::size_t count) {
  std::string bytes = input_.substr(0, count);
  input_.erase(0, count);
  for (char& byte : bytes) {
    byte = static_cast<char>(byte ^ static_cast<char>(mask_ >> (24 - 8 * (mask_position_ % 4)) & 255));
    ++mask_position_;
  }
  left_ -= count;
  return bytes;
}

std::optional<WebSocketFrame> WebSocketFrameReader::next_piece() {
  if (input_.empty() && left_ > 0) return std::nullopt;
  WebSocketPiece piece;
  piece.bytes = take(std::min<std::uint64_t>({left_, input_.size(), kMessagePieceBytes}));
  piece.first = std::exchange(at_message_start_, false);
  in_frame_ = left_ > 0;
  piece.last = !in_frame_ && final_frame_;
  return piece;
}

std::optional<WebSocketFrame> WebSocketFrameReader::control_frame() {
  if (input_.size() < left_) return std::nullopt;
  std::string payload = take(left_);
  in_frame_ = false;
  if (operation_ == opcode::kPing) return WebSocketPing{std::move(payload)};
  if (operation_ == opcode::kPong) return WebSocketPong{};
  return WebSocketClose{};
}

std::optional<WebSocketFrame> WebSocketFrameReader::next() {
  if (failed_) return std::nullopt;
  if (!in_frame_) in_frame_ = read_header();
  if (!in_frame_) return std::nullopt;
  return is_control(operation_) ? control_frame() : next_piece();
}

std::string websocket_binary(std::string_view payload) { return server_frame(opcode::kBinary, payload); }

std::string websocket_text(std::string_view payload) { return server_frame(opcode::kText, payload); }

std::string websocket_ping() { return server_frame(opcode::kPing, ""); }

std::string websocket_pong(std::string_view payload) { return server_frame(opcode::kPong, payload); }

std::string websocket_close(std::uint16_t code) {
  const std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 255)};
  return server_frame(opcode::kClose, payload);
}

}  // namespace skiff::server
