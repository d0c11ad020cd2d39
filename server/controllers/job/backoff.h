#pragma once

#include "api/base/clock.h"
#include "api/client.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

// How long a Job waits before it replaces failed pods. Pure functions of values.
namespace skiff::controllers {

inline constexpr std::chrono::seconds kJobBackoffBase{10};
inline constexpr std::chrono::minutes kJobBackoffMax{10};

// The failures since the last success.
struct JobBackoff {
  std::int64_t failures = 0;
  TimePoint last_failure;
};

// After these pods have ended, too.
[[nodiscard]] JobBackoff after_ended(const JobBackoff& before, const std::vector<api::ObjectPtr>& succeeded,
                                     const std::vector<api::ObjectPtr>& failed);

// When the next pod may be made; nothing when it may now.
[[nodiscard]] std::optional<TimePoint> wait_until(const JobBackoff& backoff, TimePoint now);

}  // namespace skiff::controllers
