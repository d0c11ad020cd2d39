#pragma once

#include "server/http/byte_stream.h"
#include "server/streaming/websocket.h"

#include <string>

namespace skiff::server {

// A stream of bytes inside of a WebSocket's binary messages, whose borders mean nothing (kubectl's port-forward from
// 1.31 on, which speaks SPDY in there).
class WebSocketTunnel final : public ByteStream {
 public:
  // `stream` outlives it.
  WebSocketTunnel(asio::any_io_executor executor, ByteStream& stream);

  Task<bool> handshake() override { co_return true; }
  Task<std::size_t> read_some(std::span<char> buffer) override;
  Task<bool> write_all(std::string_view bytes) override { return socket_.write(bytes); }
  Task<void> finish() override { return socket_.say_goodbye(); }
  void close() override;
  [[nodiscard]] std::optional<api::User> certificate_user() const override { return stream_.certificate_user(); }

 private:
  ByteStream& stream_;
  WebSocket socket_;
  std::string rest_;  // of the piece that was read last
};

}  // namespace skiff::server
