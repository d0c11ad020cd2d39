#include "server/streaming/websocket_tunnel.h"

namespace skiff::server {

WebSocketTunnel::WebSocketTunnel(asio::any_io_executor executor, ByteStream& stream)
    : stream_(stream), socket_(std::move(executor), stream) {}

Task<std::size_t> WebSocketTunnel::read_some(std::span<char> buffer) {
  while (rest_.empty()) {
    auto piece = co_await socket_.read();
    if (!piece) co_return 0;
    rest_ = std::move(piece->bytes);
  }
  const std::size_t count = rest_.copy(buffer.data(), buffer.size());
  rest_.erase(0, count);
  co_return count;
}

void WebSocketTunnel::close() {
  socket_.cancel();
  stream_.close();
}

}  // namespace skiff::server
