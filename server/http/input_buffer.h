#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace skiff::server {

// Bytes of a connection that were read and not used yet; at most `max_bytes`. Memory is taken in steps as it is needed.
class InputBuffer {
 public:
  explicit InputBuffer(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  [[nodiscard]] std::string_view bytes() const { return {storage_.get() + begin_, end_ - begin_}; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] bool full() const { return end_ - begin_ >= max_bytes_; }

  // Room for a read; empty when the buffer is full. Valid until the next call; the bytes may move.
  [[nodiscard]] std::span<char> prepare();
  // `count` bytes of the room were filled.
  void commit(std::size_t count) { end_ += count; }
  // Gives back the memory of an empty buffer into which nothing is being read.
  void release();
  // The first `count` bytes are used up. Moves nothing: a read into prepared room may be going on.
  void consume(std::size_t count) { begin_ += count; }

 private:
  static constexpr std::size_t kStep = 8 * 1024;

  const std::size_t max_bytes_;
  std::unique_ptr<char[]> storage_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace skiff::server
