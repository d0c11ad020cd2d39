#pragma once

#include "api/base/result.h"
#include "api/quantity.h"
#include "nodeagent/pressure/eviction_signal.h"

#include <string_view>
#include <vector>

namespace skiff::nodeagent {

// The node is under pressure while there is less than this of something.
struct EvictionThreshold {
  EvictionSignal signal = EvictionSignal::kMemoryAvailable;
  api::Quantity amount;
  float fraction = 0;  // instead of an amount: of the capacity

  // On a node with that capacity.
  [[nodiscard]] api::Quantity amount_of(std::int64_t capacity) const;
  friend bool operator==(const EvictionThreshold&, const EvictionThreshold&) = default;
};

// "memory.available<100Mi,nodefs.available<10%", as upstream's --eviction-hard; "" is none. Of a signal that is named
// twice the last counts; 0% and 100% take it out. Errors in upstream's words.
[[nodiscard]] Result<std::vector<EvictionThreshold>> parse_eviction_thresholds(std::string_view text);

// Those that are crossed, memory first. What could not be measured crosses nothing. Pure.
[[nodiscard]] std::vector<EvictionThreshold> thresholds_met(const std::vector<EvictionThreshold>& thresholds,
                                                            const NodeFigures& figures);

}  // namespace skiff::nodeagent
