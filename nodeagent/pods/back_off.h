#pragma once

#include "api/base/clock.h"

#include <chrono>
#include <string>

namespace skiff::nodeagent {

// How long to wait before trying again: the first wait, doubled with every failure up to `maximum`; forgotten when
// nothing failed for twice the maximum. Upstream's figures for container restarts and image pulls.
struct BackOffPolicy {
  std::chrono::milliseconds initial = std::chrono::seconds(10);
  std::chrono::milliseconds maximum = std::chrono::minutes(5);
};

// The back-off of one thing (a container, an image of a pod). A value; the caller says what time it is.
class BackOff {
 public:
  // The present wait; zero when nothing failed yet.
  [[nodiscard]] std::chrono::milliseconds wait() const { return wait_; }

  // True when a failure at `failed_at` must still be waited out at `now`.
  [[nodiscard]] bool blocks(TimePoint failed_at, TimePoint now, const BackOffPolicy& policy) const;
  // When a failure at `failed_at` has been waited out.
  [[nodiscard]] TimePoint ends(TimePoint failed_at) const { return failed_at + wait_; }
  // Counts a try at `now` that follows the failure at `failed_at`.
  void advance(TimePoint failed_at, TimePoint now, const BackOffPolicy& policy);

 private:
  [[nodiscard]] bool forgotten(TimePoint failed_at, const BackOffPolicy& policy) const;

  std::chrono::milliseconds wait_{0};
  TimePoint last_advance_;
};

// A duration as Go prints it: "10s", "1m20s", "5m0s", "250ms".
[[nodiscard]] std::string go_duration(std::chrono::milliseconds duration);

}  // namespace skiff::nodeagent
