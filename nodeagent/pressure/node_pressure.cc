#include "nodeagent/pressure/node_pressure.h"

#include "api/views/taints.h"
#include "nodeagent/pods/pod_view.h"

namespace skiff::nodeagent {

namespace {

constexpr std::int64_t kSystemCriticalPriority = 2'000'000'000;

// "[MemoryPressure DiskPressure]": how Go prints a slice.
std::string condition_list(const NodePressure& pressure) {
  std::string list;
  if (pressure.memory) list += " MemoryPressure";
  if (pressure.disk) list += " DiskPressure";
  if (pressure.pid) list += " PIDPressure";
  list.replace(0, 1, "[");
  return list + "]";
}

}  // namespace

bool PressureHistory::seen_lately(std::string_view condition, TimePoint now) const {
  const auto seen = last_seen_.find(condition);
  return seen != last_seen_.end() && (seen->second == now || now - seen->second < transition_period_);
}

NodePressure PressureHistory::observe(const std::vector<EvictionThreshold>& met, TimePoint now) {
  for (const EvictionThreshold& threshold : met) last_seen_[condition_of(threshold.signal)] = now;
  NodePressure pressure;
  pressure.memory = seen_lately("MemoryPressure", now);
  pressure.disk = seen_lately("DiskPressure", now);
  pressure.pid = seen_lately("PIDPressure", now);
  return pressure;
}

bool is_critical(const Json& pod) { return integer_at(pod, {"spec", "priority"}) >= kSystemCriticalPriority; }

std::optional<std::string> refuse_under_pressure(const Json& pod, const NodePressure& pressure) {
  if (!pressure.any() || is_critical(pod)) return std::nullopt;
  if (!pressure.disk && !pressure.pid) {
    if (qos_class(pod) != "BestEffort") return std::nullopt;
    const api::Taint taint{"node.kubernetes.io/memory-pressure", "", "NoSchedule"};
    if (api::tolerates(api::tolerations_of(pod), taint)) return std::nullopt;
  }
  return "The node had condition: " + condition_list(pressure) + ". ";
}

}  // namespace skiff::nodeagent
