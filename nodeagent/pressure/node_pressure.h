#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "nodeagent/pressure/eviction_threshold.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::nodeagent {

// What a node reports in its conditions MemoryPressure, DiskPressure and PIDPressure.
struct NodePressure {
  bool memory = false;
  bool disk = false;
  bool pid = false;

  [[nodiscard]] bool any() const { return memory || disk || pid; }
  friend bool operator==(const NodePressure&, const NodePressure&) = default;
};

// Turns crossed thresholds into pressure, which is said to go on for a while after the last time that it was seen: a
// figure that moves up and down about its threshold is no reason to taint and untaint the node. Pure.
class PressureHistory {
 public:
  explicit PressureHistory(std::chrono::nanoseconds transition_period) : transition_period_(transition_period) {}

  NodePressure observe(const std::vector<EvictionThreshold>& met, TimePoint now);

 private:
  [[nodiscard]] bool seen_lately(std::string_view condition, TimePoint now) const;

  std::chrono::nanoseconds transition_period_;
  std::map<std::string_view, TimePoint> last_seen_;  // by condition
};

// A pod that the cluster cannot do without, by its priority. (Static pods count as such, too.) Pure.
[[nodiscard]] bool is_critical(const Json& pod);

// Why a node under pressure does not take a pod, in upstream's words. Critical pods are always taken, and where only
// memory is short those that request something or tolerate that. Pure.
[[nodiscard]] std::optional<std::string> refuse_under_pressure(const Json& pod, const NodePressure& pressure);

}  // namespace skiff::nodeagent
