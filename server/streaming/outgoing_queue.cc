#include "server/streaming/outgoing_queue.h"

#include <utility>

namespace skiff::server {

namespace {

constexpr std::size_t kPendingBytes = 64 * 1024;

}  // namespace

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
  while (!broken_ && pending_.size() >= kPendingBytes) co_await wait_for_change();
  if (broken_) co_return false;
  pending_ += frame;
  if (sending_) co_return true;
  sending_ = true;
  while (!broken_ && !pending_.empty()) {
    const std::string bytes = std::exchange(pending_, {});
    announce_change();
    const bool sent = co_await stream_.write_all(bytes);
    if (!sent) broken_ = true;
  }
  sending_ = false;
  announce_change();
  co_return !broken_;
}

Task<void> OutgoingQueue::drain() {
  while (sending_) co_await wait_for_change();
}

void OutgoingQueue::cancel() {
  broken_ = true;
  announce_change();
}

}  // namespace skiff::server
