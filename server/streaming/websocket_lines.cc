#include "server/streaming/websocket_lines.h"

#include <string>
#include <utility>

namespace skiff::server {

Task<void> WebSocketLines::run(ByteStream& stream) {
  const auto executor = co_await asio::this_coro::executor;
  WebSocket socket(executor, stream);
  TaskGroup tasks(executor);
  tasks.spawn(watch_client(socket));
  co_await send_all(socket);
  co_await socket.say_goodbye();
  socket.cancel();
  stream.close();
  co_await tasks.join();
}

Task<void> WebSocketLines::send_all(WebSocket& socket) {
  for (;;) {
    std::vector<Slice> pieces = co_await body_->next();
    if (pieces.empty()) co_return;
    const bool sent = co_await send_lines(socket, std::move(pieces));
    if (!sent) co_return;
  }
}

Task<bool> WebSocketLines::send_lines(WebSocket& socket, std::vector<Slice> pieces) {
  std::string line;
  for (const Slice& piece : pieces) {
    line += piece.bytes;
    if (!line.ends_with('\n')) continue;
    const bool sent = co_await socket.write_text(line);
    if (!sent) co_return false;
    line.clear();
  }
  co_return true;
}

Task<void> WebSocketLines::watch_client(WebSocket& socket) {
  for (;;) {
    const auto piece = co_await socket.read();
    if (!piece) break;
  }
  body_->cancel();
}

}  // namespace skiff::server
