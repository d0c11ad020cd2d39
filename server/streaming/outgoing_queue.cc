#include "server/streaming/outgoing_queue.h"

#include <utility>

namespace skiff::server {

OutgoingQueue::OutgoingQueue(asio::any_io_executor executor, ByteStream& stream)
    : executor_(std::move(executor)), stream_(stream) {}

Task<void> OutgoingQueue::wait_for_change() {
  Signal changed(executor_);
  waiting_.push_back(changed.notifier());
  co_await changed.wait();
}

void OutgoingQueue::announce_change() {
  const std::vector<std::function<void()>> waiting = std::exchange(waiting_, {});
  for (const auto& wake : waiting) wake();
}

Task<bool> OutgoingQueue::send(std::string frame) {
  gathered_ += frame;
  const std::uint64_t batch = gathering_;
  while (!broken_ && sent_ <= batch) {
    if (sending_) {
      co_await wait_for_change();
    } else {
      co_await send_batch();
    }
  }
  co_return sent_ > batch;
}

Task<void> OutgoingQueue::send_batch() {
  sending_ = true;
  ++gathering_;
  const std::string bytes = std::exchange(gathered_, {});
  const bool sent = co_await stream_.write_all(bytes);
  if (sent) {
    ++sent_;
  } else {
    broken_ = true;
  }
  sending_ = false;
  announce_change();
}

Task<void> OutgoingQueue::drain() {
  while (sending_) co_await wait_for_change();
}

void OutgoingQueue::cancel() {
  broken_ = true;
  announce_change();
}

}  // namespace skiff::server
