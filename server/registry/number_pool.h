#pragma once

#include <cstdint>
#include <optional>
#include <unordered_set>

namespace skiff::server {

// The numbers [0, size), each free or taken. Not thread-safe.
//
// Whoever asks for no particular number gets a random one, so that a number that was given back is seldom seen again
// soon; the first `reserved` ones go last, so that users can ask for those with good hope.
class NumberPool {
 public:
  NumberPool(std::uint32_t size, std::uint32_t reserved) : size_(size), reserved_(reserved) {}

  [[nodiscard]] std::uint32_t size() const { return size_; }
  // False when it is taken already. `number` < size().
  [[nodiscard]] bool take(std::uint32_t number) { return taken_.insert(number).second; }
  // Nothing when all are taken.
  [[nodiscard]] std::optional<std::uint32_t> take_any();
  void release(std::uint32_t number) { taken_.erase(number); }

 private:
  std::optional<std::uint32_t> take_between(std::uint32_t begin, std::uint32_t end);

  std::uint32_t size_;
  std::uint32_t reserved_;
  std::unordered_set<std::uint32_t> taken_;
};

}  // namespace skiff::server
