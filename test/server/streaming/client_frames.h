#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skiff::server {

// A WebSocket frame as a client sends it, masked.
inline std::string client_frame(std::uint8_t operation, std::string_view payload, bool final_frame = true) {
  std::string frame(1, static_cast<char>((final_frame ? 0x80 : 0) | operation));
  const auto append_length = [&](int marker, int bytes) {
    frame += static_cast<char>(0x80 | marker);
    for (int i = bytes - 1; i >= 0; --i) frame += static_cast<char>(payload.size() >> (8 * i) & 255);
  };
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() < 65536) {
    append_length(126, 2);
  } else {
    append_length(127, 8);
  }
  const std::string_view mask = "\x11\x22\x33\x44";
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}

// A binary message for a channel of a process.
inline std::string channel_frame(std::uint8_t channel, std::string_view bytes) {
  return client_frame(2, std::string(1, static_cast<char>(channel)) + std::string(bytes));
}

}  // namespace skiff::server
