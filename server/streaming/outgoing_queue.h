#pragma once

#include "api/base/task.h"
#include "server/http/byte_stream.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace skiff::server {

// Lets many coroutines write frames to one stream. A frame is never torn by another, and none waits for more than what
// stood before it: frames that come while others are being sent leave together, and one of their writers sends them. Of
// each writer one frame is kept; it waits until that one is sent. On the stream's executor only.
class OutgoingQueue {
 public:
  // `stream` outlives it.
  OutgoingQueue(asio::any_io_executor executor, ByteStream& stream);

  // True when the frame was handed to the stream. False: the client has gone.
  Task<bool> send(std::string frame);
  // Returns when nothing is being sent any more.
  Task<void> drain();
  // Writers that wait give up. (One that is inside of the stream ends when that is closed.)
  void cancel();

 private:
  Task<void> send_batch();
  Task<void> wait_for_change();
  void announce_change();

  const asio::any_io_executor executor_;
  ByteStream& stream_;
  std::string gathered_;         // the frames of the batch that leaves next
  std::uint64_t gathering_ = 0;  // its number
  std::uint64_t sent_ = 0;       // how many batches have left
  bool sending_ = false;
  bool broken_ = false;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace skiff::server
