#include "nodeagent/pressure/pressure_watch.h"

#include "api/base/log.h"
#include "api/views/meta.h"

#include <algorithm>
#include <utility>

namespace skiff::nodeagent {

namespace {

// How long the end of an evicted pod is waited for before another one must follow, and how often it is looked for.
constexpr std::chrono::seconds kEvictionTimeout{30};
constexpr std::chrono::milliseconds kEvictionPeriod{1000};

}  // namespace

PressureWatch::PressureWatch(Options options, Owner owner, const Clock& clock, asio::any_io_executor executor,
                             asio::thread_pool& pool)
    : options_(std::move(options)),
      owner_(std::move(owner)),
      clock_(clock),
      pool_(pool),
      wake_(executor),
      tasks_(executor),
      history_(options_.transition_period) {}

Task<void> PressureWatch::start() {
  if (options_.thresholds.empty()) co_return;
  co_await look();
  tasks_.spawn(run());
}

Task<void> PressureWatch::stop() {
  stopping_ = true;
  wake_.notify();
  co_await tasks_.join();
}

void PressureWatch::pod_came() {
  if (resting_) wake_.notify();
}

Task<void> PressureWatch::run() {
  while (!stopping_) {
    resting_ = may_rest();
    if (resting_) {
      co_await wake_.wait();
      resting_ = false;
    } else {
      const auto period = is_evicting() ? std::min(kEvictionPeriod, options_.period) : options_.period;
      co_await wake_.wait_until(std::chrono::steady_clock::now() + period);
    }
    if (!stopping_) co_await look();
  }
}

Task<NodeFigures> PressureWatch::measure() {
  auto read = options_.measure;
  co_return co_await run_blocking(pool_, std::move(read));
}

bool PressureWatch::is_evicting() const {
  return !evicted_.empty() && clock_.now() - evicted_at_ < kEvictionTimeout && owner_.is_running(evicted_);
}

Task<void> PressureWatch::look() {
  NodeFigures figures = co_await measure();
  if (stopping_) co_return;
  const std::vector<EvictionThreshold> met = thresholds_met(options_.thresholds, figures);
  const NodePressure pressure = history_.observe(met, clock_.now());
  if (pressure != std::exchange(pressure_, pressure)) owner_.report(pressure);
  std::erase_if(told_, [&met](EvictionSignal told) {
    return std::none_of(met.begin(), met.end(), [told](const auto& threshold) { return threshold.signal == told; });
  });
  if (met.empty() || !options_.evict || is_evicting()) co_return;
  EvictionThreshold first = met.front();
  co_await relieve(std::move(first), std::move(figures));
}

Task<void> PressureWatch::relieve(EvictionThreshold crossed, NodeFigures figures) {
  const EvictionSignal signal = crossed.signal;
  if (told_.insert(signal).second) {
    owner_.warn("EvictionThresholdMet", "Attempting to reclaim " + std::string(resource_of(signal)));
  }
  if (is_disk_signal(signal)) {
    co_await owner_.reclaim_disk();
    figures = co_await measure();
    if (stopping_ || thresholds_met(options_.thresholds, figures).empty()) co_return;
  }
  std::vector<PodUse> candidates = co_await owner_.find_candidates(signal);
  if (stopping_ || candidates.empty()) co_return;
  rank_for_eviction(candidates, signal);
  const PodUse& chosen = candidates.front();
  evicted_ = api::uid_of(*chosen.pod);
  evicted_at_ = clock_.now();
  std::string message = eviction_message(chosen, crossed, figures[signal]);
  spdlog::warn("pod {}/{}: evicted: {}", api::key_of(*chosen.pod).namespace_, api::key_of(*chosen.pod).name, message);
  owner_.evict(chosen, std::move(message));
}

std::optional<std::string> PressureWatch::refuses(const Json& pod) const {
  if (!options_.evict) return std::nullopt;
  return refuse_under_pressure(pod, pressure_);
}

}  // namespace skiff::nodeagent
