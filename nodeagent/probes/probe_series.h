#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"

#include <chrono>
#include <optional>

namespace skiff::nodeagent {

// A probe's figures (v1.Probe), with upstream's defaults.
struct ProbeSettings {
  std::chrono::seconds initial_delay{0};
  std::chrono::seconds period{10};
  std::chrono::seconds timeout{1};
  int success_threshold = 1;
  int failure_threshold = 3;
};

[[nodiscard]] ProbeSettings probe_settings(const Json& probe);

// The probes of one kind that one run of a container gets: when they are due, and what they say together. A value; the
// caller says what time it is.
class ProbeSeries {
 public:
  // `started_at`: the container's start. A series that begins later (an agent that adopts a container, a liveness probe
  // that waited for the startup probe) begins at once.
  ProbeSeries(const ProbeSettings& settings, TimePoint started_at)
      : settings_(settings), next_(started_at + settings.initial_delay) {}

  [[nodiscard]] const ProbeSettings& settings() const { return settings_; }

  // When the next probe is due; nothing while one is on its way or when the series is over.
  [[nodiscard]] std::optional<TimePoint> due() const;
  // A probe begins at `now`.
  void begin(TimePoint now);
  // It ended and counts for nothing.
  void drop() { running_ = false; }
  // It ended. True or false when that decides what the container is held for: a threshold is reached.
  [[nodiscard]] std::optional<bool> count(bool passed);
  // No more probes for this run of the container.
  void end() { over_ = true; }

 private:
  ProbeSettings settings_;
  TimePoint next_;
  bool running_ = false;
  bool over_ = false;
  std::optional<bool> last_;
  int in_a_row_ = 0;
};

}  // namespace skiff::nodeagent
