#include "server/http/input_buffer.h"

#include "api/base/check.h"

#include <algorithm>
#include <cstring>

namespace skiff::server {

std::span<char> InputBuffer::prepare() {
  const std::size_t size = end_ - begin_;
  if (size >= max_bytes_) return {};
  if (begin_ > 0) {
    std::memmove(storage_.get(), storage_.get() + begin_, size);
    begin_ = 0;
    end_ = size;
  }
  if (capacity_ - end_ < kStep / 2) {
    const std::size_t capacity = std::max(kStep, capacity_ * 2);
    // Not zeroed: pages that no read fills are never touched.
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (size > 0) std::memcpy(larger.get(), storage_.get(), size);
    storage_ = std::move(larger);
    capacity_ = capacity;
  }
  return {storage_.get() + end_, std::min(capacity_, max_bytes_) - end_};
}

void InputBuffer::release() {
  CHECK_INVARIANT(empty());
  storage_.reset();
  capacity_ = begin_ = end_ = 0;
}

}  // namespace skiff::server
