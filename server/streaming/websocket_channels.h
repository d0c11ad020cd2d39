#pragma once

#include "api/base/task.h"
#include "server/streaming/websocket.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace skiff::server {

// Channels that share one WebSocket: each message has the number of its channel in its first byte. In the base64
// protocols, for clients that can only send text, that is a digit, and what follows it is in base64. What a channel
// means is its owner's business. Everything on the stream's executor.
//
// Reading goes on while the owner holds what it was handed for somebody who does not take it yet, up to 256 KiB. Then
// the client has to wait; it is pinged meanwhile, so that its death is noticed.
class WebSocketChannels {
 public:
  // `stream` outlives it.
  WebSocketChannels(asio::any_io_executor executor, ByteStream& stream, bool base64);

  using Take = std::function<void(std::uint8_t channel, std::string bytes)>;
  // Hands each piece of a message to `take`, never an empty one, and returns when the client has gone. Once.
  Task<void> read(Take take);
  // The owner keeps so many bytes of what it took, and does so no more.
  void hold(std::size_t bytes) { held_ += bytes; }
  void release(std::size_t bytes);

  // Sends one message. False: the client has gone.
  Task<bool> write(std::uint8_t channel, std::string_view bytes);
  // Tells the client that this was all, and gives it two seconds to close: who has what it wants closes the connection
  // itself, which closing it here could forestall.
  Task<void> say_goodbye();
  // Nobody waits for the client any more; the stream is closed.
  void close();

 private:
  void take_piece(WebSocketPiece piece, const Take& take);
  // The bytes that the base64 text that has come of a message stands for; a rest of less than four characters waits for
  // more.
  std::string decoded(const std::string& text);
  Task<void> wait_for_room();

  ByteStream& stream_;
  const bool base64_;
  WebSocket socket_;
  int channel_ = -1;  // of the message that is being read; -1: its first byte has not come
  std::string undecoded_;
  std::size_t held_ = 0;
  bool gone_ = false;
  Signal room_;
  Signal left_;  // the client has gone: for say_goodbye()
};

}  // namespace skiff::server
