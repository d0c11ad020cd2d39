#pragma once

#include "server/http/http.h"
#include "server/streaming/websocket.h"

#include <memory>
#include <vector>

namespace skiff::server {

// A body whose lines (the events of a watch) are sent over a WebSocket, each as a text message, for clients that have
// nothing else to follow a stream with. What the client says is not listened to; when it goes, the body ends.
class WebSocketLines final : public Upgrade {
 public:
  // A line ends where a piece of the body does.
  explicit WebSocketLines(std::unique_ptr<BodyStream> body) : body_(std::move(body)) {}

  Task<void> run(ByteStream& stream) override;
  void cancel() override { body_->cancel(); }

 private:
  Task<void> send_all(WebSocket& socket);
  static Task<bool> send_lines(WebSocket& socket, std::vector<Slice> pieces);
  Task<void> watch_client(WebSocket& socket);

  const std::unique_ptr<BodyStream> body_;
};

}  // namespace skiff::server
