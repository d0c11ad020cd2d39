#include "nodeagent/pods/qos.h"

#include "api/quantity.h"
#include "api/views/pod_resources.h"
#include "nodeagent/pods/pod_view.h"

#include <algorithm>

namespace skiff::nodeagent {

namespace {

constexpr std::int64_t kMinCpuShares = 2;
constexpr std::int64_t kMaxCpuShares = 262144;
constexpr std::int64_t kMinCpuQuotaUs = 1000;
constexpr int kGuaranteedOomScore = -997;
constexpr int kBestEffortOomScore = 1000;

api::Quantity amount_of(const api::ResourceAmounts& amounts, std::string_view resource) {
  const auto found = amounts.find(resource);
  return found != amounts.end() ? found->second : api::Quantity();
}

api::Quantity quantity(const Json& container, api::ResourceSide side, std::string_view resource) {
  return amount_of(api::container_amounts(container, side), resource);
}

std::int64_t cpu_shares(std::int64_t milli) { return std::clamp(milli * 1024 / 1000, kMinCpuShares, kMaxCpuShares); }

// 0, no limit, for none.
std::int64_t cpu_quota(std::int64_t milli) {
  return milli > 0 ? std::max(milli * Resources().cpu_period_us / 1000, kMinCpuQuotaUs) : 0;
}

bool has_limit(const Json& container, std::string_view resource) {
  return !quantity(container, api::ResourceSide::kLimits, resource).is_zero();
}

// Whether each container has a limit; as upstream counts, an init container behind a sidecar with one has it, too.
bool all_have_limit(const Json& pod, std::string_view resource) {
  bool sidecar_has_limit = false;
  for (const Json& container : init_containers_of(pod)) {
    const bool limited = has_limit(container, resource);
    if (!limited && !sidecar_has_limit) return false;
    if (limited && is_sidecar(container)) sidecar_has_limit = true;
  }
  const Json& containers = containers_of(pod);
  return std::all_of(containers.begin(), containers.end(),
                     [resource](const Json& container) { return has_limit(container, resource); });
}

}  // namespace

PodCgroup make_pod_cgroup(const Json& pod, std::int64_t max_pids) {
  const std::string qos = qos_class(pod);
  const std::string own = "pod" + api::uid_of(pod);
  PodCgroup cgroup;
  cgroup.resources.pids_limit = max_pids;
  if (qos == "BestEffort") {
    cgroup.path = "besteffort/" + own;
    cgroup.resources.cpu_shares = kMinCpuShares;
    cgroup.class_cpu_shares = kMinCpuShares;
    return cgroup;
  }
  cgroup.path = qos == "Burstable" ? "burstable/" + own : own;
  const api::ResourceAmounts requests = api::pod_amounts_with_overhead(pod, api::ResourceSide::kRequests);
  const api::ResourceAmounts limits = api::pod_amounts_with_overhead(pod, api::ResourceSide::kLimits);
  cgroup.resources.cpu_shares = cpu_shares(amount_of(requests, "cpu").milli_value());
  if (all_have_limit(pod, "cpu")) cgroup.resources.cpu_quota_us = cpu_quota(amount_of(limits, "cpu").milli_value());
  if (all_have_limit(pod, "memory")) cgroup.resources.memory_limit_bytes = amount_of(limits, "memory").value();
  return cgroup;
}

Resources make_resources(const Json& container) {
  const std::int64_t cpu_limit = quantity(container, api::ResourceSide::kLimits, "cpu").milli_value();
  const std::int64_t cpu_request = quantity(container, api::ResourceSide::kRequests, "cpu").milli_value();
  Resources resources;
  resources.cpu_shares = cpu_shares(cpu_request == 0 ? cpu_limit : cpu_request);
  resources.cpu_quota_us = cpu_quota(cpu_limit);
  resources.memory_limit_bytes = quantity(container, api::ResourceSide::kLimits, "memory").value();
  return resources;
}

int oom_score(const Json& pod, const Json& container, const NodeCapacity& capacity) {
  const std::string qos = qos_class(pod);
  if (qos == "Guaranteed") return kGuaranteedOomScore;
  if (qos == "BestEffort" || capacity.memory_bytes <= 0) return kBestEffortOomScore;
  const std::int64_t request = quantity(container, api::ResourceSide::kRequests, "memory").value();
  const std::int64_t score = 1000 - 1000 * request / capacity.memory_bytes;
  // Neither as safe as a guaranteed container nor as lost as a best-effort one.
  return static_cast<int>(std::clamp<std::int64_t>(score, 1000 + kGuaranteedOomScore, kBestEffortOomScore - 1));
}

}  // namespace skiff::nodeagent
