#include "nodeagent/probes/probe_series.h"

namespace skiff::nodeagent {

ProbeSettings probe_settings(const Json& probe) {
  ProbeSettings settings;
  const auto seconds = [&probe](const char* member, std::chrono::seconds fallback) {
    return std::chrono::seconds(integer_at(probe, {member}, fallback.count()));
  };
  settings.initial_delay = seconds("initialDelaySeconds", settings.initial_delay);
  settings.period = seconds("periodSeconds", settings.period);
  settings.timeout = seconds("timeoutSeconds", settings.timeout);
  settings.success_threshold = static_cast<int>(integer_at(probe, {"successThreshold"}, settings.success_threshold));
  settings.failure_threshold = static_cast<int>(integer_at(probe, {"failureThreshold"}, settings.failure_threshold));
  return settings;
}

std::optional<TimePoint> ProbeSeries::due() const {
  if (running_ || over_) return std::nullopt;
  return next_;
}

void ProbeSeries::begin(TimePoint now) {
  running_ = true;
  next_ = now + settings_.period;
}

std::optional<bool> ProbeSeries::count(bool passed) {
  running_ = false;
  in_a_row_ = last_ == passed ? in_a_row_ + 1 : 1;
  last_ = passed;
  const int threshold = passed ? settings_.success_threshold : settings_.failure_threshold;
  if (in_a_row_ < threshold) return std::nullopt;
  return passed;
}

}  // namespace skiff::nodeagent
