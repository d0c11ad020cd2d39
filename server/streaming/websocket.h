#pragma once

#include "server/http/byte_stream.h"
#include "server/streaming/outgoing_queue.h"
#include "server/streaming/websocket_frames.h"

#include <optional>
#include <string>
#include <string_view>

namespace skiff::server {

// Sec-WebSocket-Accept, the answer to a client's Sec-WebSocket-Key.
[[nodiscard]] std::string websocket_accept(std::string_view key);

// The server's end of a WebSocket after its handshake. Answers pings while it is read. One read() at a time; any number
// of writes. Everything on the stream's executor.
class WebSocket {
 public:
  // `stream` outlives it.
  WebSocket(asio::any_io_executor executor, ByteStream& stream);

  // The next piece of a message. Nothing: the client has closed, gone, or broken the protocol.
  Task<std::optional<WebSocketPiece>> read();
  // Sends one binary message. False: the client has gone.
  Task<bool> write(std::string_view message);
  // The same with a text message.
  Task<bool> write_text(std::string_view message);
  Task<bool> ping();
  // Tells the client that the conversation is over, and returns when it has been told everything.
  Task<void> say_goodbye();
  // Nobody waits for the client any more. The owner closes the stream.
  void cancel();

 private:
  // Once; nothing may follow it.
  Task<void> send_close(std::uint16_t code);

  ByteStream& stream_;
  OutgoingQueue outgoing_;
  WebSocketFrameReader reader_;
  bool ended_ = false;
  bool close_sent_ = false;
};

}  // namespace skiff::server
