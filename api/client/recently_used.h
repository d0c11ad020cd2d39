#pragma once

#include "api/base/clock.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace skiff::api {

// Values by name, for as long as they are used: one that was used within `window` is there, unless `capacity` others
// have been used since. Of a name only its hash is kept, so two names may share a value: nothing must depend on that
// they never do.
//
// There are two generations: what is used is in the young one, or moves there from the old one; when the young one is
// full, or has had its time, it becomes the old one, whose values are forgotten. So no value needs a place in an order.
// At most 2 * capacity are kept, and, where forget_old() is called often enough, none for longer than 2 * window. Not
// thread-safe.
template <class Value>
class RecentlyUsed {
 public:
  RecentlyUsed(std::chrono::nanoseconds window, std::size_t capacity) : window_(window), capacity_(capacity) {}

  // The value, `initial` if there was none; valid until the next call.
  Value& use(const std::string& name, const Value& initial, TimePoint now) {
    forget_old(now);
    const std::size_t hash = std::hash<std::string>{}(name);
    if (const auto known = young_.find(hash); known != young_.end()) return known->second;
    if (young_.size() >= capacity_) turn(now);
    if (auto known = old_.extract(hash)) return young_.insert(std::move(known)).position->second;
    return young_.emplace(hash, initial).first->second;
  }

  // Takes the value away; nothing if there is none.
  [[nodiscard]] std::optional<Value> take(const std::string& name, TimePoint now) {
    forget_old(now);
    const std::size_t hash = std::hash<std::string>{}(name);
    for (auto* generation : {&young_, &old_}) {
      if (auto known = generation->extract(hash)) return std::move(known.mapped());
    }
    return std::nullopt;
  }

  // Forgets what is past its time. The other functions do that, too.
  void forget_old(TimePoint now) {
    if (now - began_ < window_) return;
    const bool young_was_used_lately = now - began_ < 2 * window_;
    turn(now);
    if (!young_was_used_lately) old_ = Generation();
  }

  [[nodiscard]] std::size_t size() const { return young_.size() + old_.size(); }

 private:
  using Generation = std::unordered_map<std::size_t, Value>;  // by the hash of the name

  void turn(TimePoint now) {
    old_ = std::exchange(young_, Generation());
    began_ = now;
  }

  const std::chrono::nanoseconds window_;
  const std::size_t capacity_;
  Generation young_;
  Generation old_;
  TimePoint began_;  // of the young generation
};

}  // namespace skiff::api
