#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace skiff {

// Wall-clock time in UTC. What decides takes `now` as an argument; what needs the present time holds a Clock.
using TimePoint = std::chrono::system_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  // Thread-safe.
  [[nodiscard]] virtual TimePoint now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return std::chrono::system_clock::now(); }
};

// "2026-11-22T14:53:01Z", Kubernetes' metav1.Time.
[[nodiscard]] std::string format_time(TimePoint time);
// "2026-11-22T14:53:01.123456Z", Kubernetes' metav1.MicroTime.
[[nodiscard]] std::string format_micro_time(TimePoint time);
// "2026-11-22T14:53:01.123456789Z": RFC 3339 with nanoseconds, as in CRI logs.
[[nodiscard]] std::string format_nano_time(TimePoint time);
// Any RFC 3339 time; nothing when the text is not one.
[[nodiscard]] std::optional<TimePoint> parse_time(std::string_view text);

// Kubernetes' short ages in tables: "5s", "2m10s", "3h", "4d12h", "2y35d" (duration.HumanDuration of apimachinery).
[[nodiscard]] std::string human_duration(std::chrono::seconds duration);

}  // namespace skiff
