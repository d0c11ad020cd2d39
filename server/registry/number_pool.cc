#include "server/registry/number_pool.h"

#include <random>

namespace skiff::server {

std::optional<std::uint32_t> NumberPool::take_any() {
  if (taken_.size() >= size_) return std::nullopt;
  if (const auto number = take_between(reserved_, size_)) return number;
  return take_between(0, reserved_);
}

// The first free number behind a random one, in a circle.
std::optional<std::uint32_t> NumberPool::take_between(std::uint32_t begin, std::uint32_t end) {
  if (begin >= end) return std::nullopt;
  const std::uint32_t count = end - begin;
  thread_local std::minstd_rand random(std::random_device{}());
  const std::uint32_t start = std::uniform_int_distribution<std::uint32_t>(0, count - 1)(random);
  for (std::uint32_t step = 0; step < count; ++step) {
    const std::uint32_t number = begin + (start + step) % count;
    if (take(number)) return number;
  }
  return std::nullopt;
}

}  // namespace skiff::server
