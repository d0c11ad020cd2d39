#pragma once

#include "api/base/task.h"
#include "api/user.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace skiff::server {

// One client's two-way stream of bytes: TCP, TLS over TCP, or a script in a test. Used by its
// Connection on the connection's strand only; at most one read and one write run at a time, but both may run together.
// It knows no deadlines: whoever waits too long calls close().
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // What must happen before the first byte. False: the peer did not manage, nothing can be said to it.
  virtual Task<bool> handshake() = 0;
  // Waits until there is something to read, for those who have no buffer until then. False: the stream has ended.
  // (Where read_some() waits cheaply, this need not wait.)
  virtual Task<bool> readable() { co_return true; }
  // Waits for bytes; how many came. 0: the peer has ended the stream, it broke, or it was closed.
  virtual Task<std::size_t> read_some(std::span<char> buffer) = 0;
  // True when all were handed to the kernel.
  virtual Task<bool> write_all(std::string_view bytes) = 0;
  // Tells the peer that no more bytes come and discards what it still sends, until it closes too: closing a socket with
  // unread input resets the connection, and the peer would lose our last answer.
  virtual Task<void> finish() = 0;
  // Ends the stream and every waiting call. May be called more than once.
  virtual void close() = 0;
  // Who the peer's certificate says it is, if it showed one that a CA of ours signed. After handshake().
  [[nodiscard]] virtual std::optional<api::User> certificate_user() const = 0;
};

}  // namespace skiff::server
