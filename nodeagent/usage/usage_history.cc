#include "nodeagent/usage/usage_history.h"

#include <algorithm>
#include <set>

namespace skiff::nodeagent {

namespace {

using std::chrono::nanoseconds;

constexpr std::chrono::seconds kGoodFor{15};
constexpr std::chrono::seconds kOldest{60};
constexpr double kNanosecondsInSecond = 1e9;

// Nanocores: nanoseconds of processors' time per second. A counter that went back counts as standing still.
std::int64_t usage_rate(std::int64_t before, std::int64_t after, nanoseconds window) {
  const double used = static_cast<double>(std::max<std::int64_t>(after - before, 0));
  return static_cast<std::int64_t>(used * kNanosecondsInSecond / static_cast<double>(window.count()));
}

}  // namespace

int UsageHistory::samples_due(TimePoint now) const {
  if (!latest_) return 2;
  const auto age = now - latest_->time;
  if (age < nanoseconds(0) || age > kOldest) return 2;
  if (age >= kGoodFor) return 1;
  return before_ ? 0 : 1;
}

void UsageHistory::add(UsageSample sample) {
  before_ = std::move(latest_);
  latest_ = std::move(sample);
}

api::NodeUsage UsageHistory::usage() const {
  api::NodeUsage usage;
  if (!before_ || latest_->time <= before_->time) return usage;
  usage.time = latest_->time;
  usage.window = std::chrono::duration_cast<nanoseconds>(latest_->time - before_->time);
  usage.cpu_nanocores = usage_rate(before_->cpu_nanoseconds, latest_->cpu_nanoseconds, usage.window);
  usage.memory_bytes = latest_->memory_bytes;

  std::map<std::pair<std::string, std::string>, api::PodUsage> pods;
  std::set<std::pair<std::string, std::string>> incomplete;
  for (const auto& [id, container] : latest_->containers) {
    const std::pair key(container.pod.namespace_, container.pod.name);
    const auto earlier = before_->containers.find(id);
    if (earlier == before_->containers.end()) {
      incomplete.insert(key);
      continue;
    }
    api::PodUsage& pod = pods[key];
    pod.pod = container.pod;
    pod.containers.push_back({container.name,
                              usage_rate(earlier->second.cpu_nanoseconds, container.cpu_nanoseconds, usage.window),
                              container.memory_bytes});
  }
  for (auto& [key, pod] : pods) {
    if (incomplete.contains(key)) continue;
    std::sort(pod.containers.begin(), pod.containers.end(),
              [](const api::ContainerUsage& a, const api::ContainerUsage& b) { return a.name < b.name; });
    usage.pods.push_back(std::move(pod));
  }
  return usage;
}

}  // namespace skiff::nodeagent
