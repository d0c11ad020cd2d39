#pragma once

#include "api/base/task.h"
#include "server/http/byte_stream.h"

#include <functional>
#include <string>
#include <vector>

namespace skiff::server {

// Lets many coroutines write frames to one stream. A frame is never torn by another. At most 64 KiB and a frame of each
// writer are kept; then writers wait for the client to read. On the stream's executor only.
class OutgoingQueue {
 public:
  // `stream` outlives it.
  OutgoingQueue(asio::any_io_executor executor, ByteStream& stream);

  // Returns when the frame is on its way or has its place in the queue. False: the client has gone.
  Task<bool> send(std::string frame);
  // Returns when nothing is being sent any more.
  Task<void> drain();
  // Writers that wait give up. (One that is inside of the stream ends when that is closed.)
  void cancel();

 private:
  Task<void> wait_for_change();
  void announce_change();

  const asio::any_io_executor executor_;
  ByteStream& stream_;
  std::string pending_;
  bool sending_ = false;
  bool broken_ = false;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace skiff::server
