#include "server/cluster/relay_session.h"

#include "server/http/byte_stream.h"

#include <array>

namespace skiff::server {

namespace {

constexpr std::size_t kRelayedBytes = 16 * 1024;

}  // namespace

Task<void> RelaySession::run(ByteStream& stream) {
  TaskGroup tasks(co_await asio::this_coro::executor);
  tasks.spawn(carry_in(stream));
  for (;;) {
    const std::string bytes = co_await backend_->receive();
    if (bytes.empty() || !co_await stream.write_all(bytes)) break;
  }
  backend_->close();
  stream.close();
  co_await tasks.join();
}

Task<void> RelaySession::carry_in(ByteStream& stream) {
  std::array<char, kRelayedBytes> buffer;
  for (;;) {
    const std::size_t count = co_await stream.read_some(buffer);
    if (count == 0) break;
    const std::string_view bytes(buffer.data(), count);
    if (!co_await backend_->transmit(bytes)) break;
  }
  backend_->close();
}

}  // namespace skiff::server
