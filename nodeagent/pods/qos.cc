#include "nodeagent/pods/qos.h"

#include "api/quantity.h"
#include "nodeagent/pods/pod_view.h"

#include <algorithm>

namespace skiff::nodeagent {

namespace {

constexpr std::int64_t kMinCpuShares = 2;
constexpr std::int64_t kMaxCpuShares = 262144;
constexpr std::int64_t kMinCpuQuotaUs = 1000;
constexpr int kGuaranteedOomScore = -997;
constexpr int kBestEffortOomScore = 1000;

api::Quantity quantity(const Json& container, std::string_view list, std::string_view resource) {
  return api::Quantity::parse(string_at(container, {"resources", list, resource})).value_or(api::Quantity());
}

std::int64_t cpu_shares(const Json& container) {
  std::int64_t milli = quantity(container, "requests", "cpu").milli_value();
  if (milli == 0) milli = quantity(container, "limits", "cpu").milli_value();
  return std::clamp(milli * 1024 / 1000, kMinCpuShares, kMaxCpuShares);
}

int oom_score(const Json& pod, const Json& container, const NodeCapacity& capacity) {
  const std::string qos = qos_class(pod);
  if (qos == "Guaranteed") return kGuaranteedOomScore;
  if (qos == "BestEffort" || capacity.memory_bytes <= 0) return kBestEffortOomScore;
  const std::int64_t request = quantity(container, "requests", "memory").value();
  const std::int64_t score = 1000 - 1000 * request / capacity.memory_bytes;
  // Neither as safe as a guaranteed container nor as lost as a best-effort one.
  return static_cast<int>(std::clamp<std::int64_t>(score, 1000 + kGuaranteedOomScore, kBestEffortOomScore - 1));
}

}  // namespace

std::string cgroup_parent(const Json& pod) {
  const std::string qos = qos_class(pod);
  const std::string own = "pod" + api::uid_of(pod);
  if (qos == "Guaranteed") return own;
  return (qos == "Burstable" ? "burstable/" : "besteffort/") + own;
}

Resources make_resources(const Json& pod, const Json& container, const NodeCapacity& capacity) {
  Resources resources;
  resources.cpu_shares = cpu_shares(container);
  if (const std::int64_t milli = quantity(container, "limits", "cpu").milli_value(); milli > 0) {
    resources.cpu_quota_us = std::max(milli * resources.cpu_period_us / 1000, kMinCpuQuotaUs);
  }
  resources.memory_limit_bytes = quantity(container, "limits", "memory").value();
  resources.oom_score_adj = oom_score(pod, container, capacity);
  return resources;
}

}  // namespace skiff::nodeagent
