// How a NodeAgent gives way when its node runs low on something.
#include "api/base/log.h"
#include "nodeagent/agent.h"
#include "nodeagent/pods/pod_view.h"
#include "nodeagent/pressure/disk_use.h"

#include <algorithm>

namespace skiff::nodeagent {

namespace {

// A pod that is evicted has that long to end.
constexpr std::chrono::seconds kEvictionGrace{1};

bool is_active(const PodWorker& worker) {
  const api::ObjectPtr pod = worker.pod();
  return !api::is_pod_terminated(*pod) && !api::is_terminating(*pod) && !worker.state().failure;
}

// Nobody gains by the end of a pod that does not run yet, and a static pod would come back at once.
bool may_be_evicted(const PodWorker& worker) {
  return is_active(worker) && any_container_runs(worker.state()) && worker.origin() == PodOrigin::kApi &&
         !is_critical(*worker.pod());
}

}  // namespace

Task<void> NodeAgent::start_pressure_watch() {
  if (!options_.pressure) co_return;
  PressureWatch::Owner owner;
  owner.has_pods = [this] {
    return std::any_of(workers_.begin(), workers_.end(), [](const auto& entry) { return is_active(*entry.second); });
  };
  owner.report = [this](const NodePressure& pressure) {
    if (registration_) registration_->set_pressure(pressure);
  };
  owner.warn = [this](std::string reason, std::string message) { warn(std::move(reason), std::move(message)); };
  owner.reclaim_disk = [this] { return remove_unused_images(); };
  owner.find_candidates = [this](EvictionSignal signal) { return find_eviction_candidates(signal); };
  owner.evict = [this](const PodUse& pod, std::string message) { evict(api::uid_of(*pod.pod), std::move(message)); };
  owner.is_running = [this](const std::string& uid) {
    const auto worker = workers_.find(uid);
    return worker != workers_.end() && any_container_runs(worker->second->state());
  };
  pressure_watch_ = std::make_unique<PressureWatch>(*options_.pressure, std::move(owner), clock_, executor_, pool_);
  co_await pressure_watch_->start();
}

Task<void> NodeAgent::remove_unused_images() {
  if (!image_collector_) co_return;
  const auto removed = co_await image_collector_->remove_unused();
  if (!removed) spdlog::warn("remove unused images: {}", removed.error().message);
}

Task<std::vector<PodUse>> NodeAgent::find_eviction_candidates(EvictionSignal signal) {
  const std::vector<ContainerFigures> figures = co_await runtime_.usage();
  std::unordered_map<std::string, ResourceUse> used;
  for (const ContainerFigures& each : figures) used[each.id] = {each.memory_bytes, 0, 0, each.processes};
  std::vector<PodUse> candidates;
  for (const auto& [uid, worker] : workers_) {
    if (!may_be_evicted(*worker)) continue;
    PodUse& pod = candidates.emplace_back();
    pod.pod = worker->pod();
    for (const auto& [name, kept] : worker->state().containers) {
      if (!kept.latest) continue;
      const std::string& id = kept.latest->status.id;
      pod.containers.push_back({name, runtime_.writable_layer(id), used[id]});
      pod.use += used[id];
    }
  }
  if (!files_ || !is_disk_signal(signal)) co_return candidates;
  auto measure = [files = files_.get(), pods = std::move(candidates)]() mutable {
    for (PodUse& pod : pods) measure_disk_use(pod, *files);
    return std::move(pods);
  };
  co_return co_await run_blocking(pool_, std::move(measure));
}

void NodeAgent::evict(const std::string& uid, std::string message) {
  const auto worker = workers_.find(uid);
  if (worker == workers_.end()) return;
  events_.warning(*worker->second->pod(), "", "Evicted", message);
  worker->second->fail({"Evicted", std::move(message), PodFailure::Kind::kEvicted, kEvictionGrace});
  wake(worker->second);
}

// Of a pod that has not begun here: as upstream, whatever it did before an earlier agent ended.
void NodeAgent::admit(PodWorker& worker) {
  if (!pressure_watch_ || !is_active(worker)) return;
  const auto why = pressure_watch_->refuses(*worker.pod());
  if (!why) return;
  events_.warning(*worker.pod(), "", "Evicted", *why);
  worker.fail({"Evicted", "Pod was rejected: " + *why, PodFailure::Kind::kRefused, std::nullopt});
}

}  // namespace skiff::nodeagent
