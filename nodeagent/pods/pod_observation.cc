// What a PodWorker learns of its containers: what an earlier agent left, what the runtime says, what probes decide.
#include "nodeagent/pods/pod_view.h"
#include "nodeagent/pods/pod_worker.h"
#include "nodeagent/pods/termination_message.h"
#include "nodeagent/probes/pod_prober.h"

namespace skiff::nodeagent {

namespace {

std::string reason_of_exit(const ContainerStatus& status) {
  if (status.oom_killed) return "OOMKilled";
  return status.exit_code == 0 ? "Completed" : "Error";
}

// What an earlier agent's probes said of a container that still runs stays true until new ones say otherwise.
Health adopted_health(const Json& pod, const ContainerStatus& status) {
  const Json* container = find_container(pod, status.name);
  Health health = container != nullptr ? initial_health(*container) : Health();
  const Json* reported = find_container_status(pod, status.name);
  if (reported == nullptr || !string_at(*reported, {"containerID"}).ends_with("://" + status.id)) return health;
  health.started = health.started || bool_at(*reported, {"started"});
  health.ready = health.ready || bool_at(*reported, {"ready"});
  return health;
}

}  // namespace

void PodWorker::adopt(const std::vector<SandboxStatus>& sandboxes, const std::vector<ContainerStatus>& containers) {
  for (const SandboxStatus& found : sandboxes) {
    if (state_.sandbox && state_.next_sandbox_attempt > found.key.attempt + 1) {
      leftovers_.push_back(Leftover{found.id, true});
      continue;
    }
    if (state_.sandbox) leftovers_.push_back(Leftover{state_.sandbox->id, true});
    state_.sandbox = SandboxMemory{found.id, found.ready};
    state_.ip = found.ip;
    state_.next_sandbox_attempt = found.key.attempt + 1;
  }
  std::vector<ContainerStatus> sorted = containers;
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.attempt < b.attempt; });
  for (ContainerStatus& status : sorted) {
    ContainerMemory& kept = record(status.name);
    if (kept.previous) leftovers_.push_back(Leftover{kept.previous->status.id, false});
    let_pass(kept);
    kept.next_attempt = std::max(kept.next_attempt, status.attempt + 1);
    kept.health = adopted_health(*pod_, status);
    const bool exited = status.state == ContainerState::kExited;
    kept.latest = Attempt{status, exited ? reason_of_exit(status) : "", "", false};
  }
}

Task<void> PodWorker::observe() {
  observe_sandbox();
  std::vector<std::string> names;
  for (const auto& [name, kept] : state_.containers) names.push_back(name);
  for (const std::string& name : names) co_await observe_container(name);
}

void PodWorker::observe_sandbox() {
  if (!state_.sandbox) return;
  const auto status = context_.runtime.sandbox_status(state_.sandbox->id);
  state_.sandbox->ready = status && status->ready;
}

Task<void> PodWorker::observe_container(std::string name) {
  ContainerMemory& kept = record(name);
  if (!kept.latest || kept.latest->settled) co_return;
  Attempt& latest = *kept.latest;
  const auto status = context_.runtime.container_status(latest.status.id);
  if (!status) {
    latest.status.state = ContainerState::kExited;
    latest.status.exit_code = 137;
    latest.status.finished_at = context_.clock.now();
    latest.exit_reason = "ContainerStatusUnknown";
    latest.exit_message = "The container could not be located when the pod was terminated";
    latest.settled = true;
    co_return;
  }
  latest.status = *status;
  if (latest.status.state != ContainerState::kExited) co_return;
  latest.exit_reason = reason_of_exit(latest.status);
  latest.settled = true;
  if (context_.files == nullptr) co_return;
  auto read = [files = context_.files, pod = pod_.wake(), run = latest.status] {
    return read_termination_message(*files, *pod, run);
  };
  latest.exit_message = co_await run_blocking(context_.pool, std::move(read));
}

void PodWorker::follow_probes() {
  if (!prober_) {
    if (context_.checks == nullptr || !has_probes(*pod_) || !any_container_runs(state_)) return;
    auto decided = [weak = weak_from_this()](const std::string& container, const std::string& id, ProbeKind kind,
                                             bool passed) {
      if (const auto self = weak.lock()) self->probe_decided(container, id, kind, passed);
    };
    PodProber::Environment environment{*context_.checks, context_.events, context_.clock, context_.executor,
                                       context_.tasks};
    prober_ = std::make_shared<PodProber>(std::move(environment), std::move(decided));
  }
  prober_->follow(pod_.wake(), state_);
}

void PodWorker::probe_decided(const std::string& container, const std::string& id, ProbeKind kind, bool passed) {
  ContainerMemory& kept = record(container);
  if (!is_running(kept) || kept.latest->status.id != id) return;
  if (kind == ProbeKind::kReadiness) {
    kept.health.ready = passed;
  } else if (!passed) {
    kept.health.failed = kind;
  } else if (kind == ProbeKind::kStartup) {
    kept.health.started = true;
  }
  context_.wake(api::uid_of(*pod_));
}

}  // namespace skiff::nodeagent
