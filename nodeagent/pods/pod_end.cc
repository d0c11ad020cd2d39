// How a PodWorker ends containers: one that hangs, or all of a pod.
#include "api/base/log.h"
#include "nodeagent/pods/pod_view.h"
#include "nodeagent/pods/pod_worker.h"

namespace skiff::nodeagent {

namespace {

using std::chrono::steady_clock;

// A container is never killed without a chance to end by itself.
constexpr std::chrono::seconds kMinimumGrace{2};
// Until a sandbox that could not be stopped is tried again.
constexpr std::chrono::seconds kStopRetryDelay{10};

}  // namespace

// A sidecar ends after the containers of the pod and after the init containers behind it, which may need it.
bool PodWorker::has_turn_to_end(const std::string& name) const {
  if (!is_sidecar(*pod_, name)) return true;
  const Json& containers = containers_of(*pod_);
  const auto ends = [this](const Json& container) { return ending_->running.contains(string_at(container, {"name"})); };
  if (std::any_of(containers.begin(), containers.end(), ends)) return false;
  const Json& inits = init_containers_of(*pod_);
  const auto own =
      std::find_if(inits.begin(), inits.end(), [&name](const Json& init) { return string_at(init, {"name"}) == name; });
  return std::none_of(std::next(own), inits.end(), ends);
}

// The grace period counts from now on, whatever is waited for first; a little of it is left in any case.
Task<void> PodWorker::end_container(std::string name, std::chrono::seconds grace) {
  const std::string id = record(name).latest->status.id;
  const auto deadline = steady_clock::now() + grace;
  co_await run_pre_stop(name, deadline);
  std::function<bool()> turn = [this, name] { return has_turn_to_end(name); };
  co_await wait_until(std::move(turn), deadline);
  if (stopping_) co_return;
  const auto left = std::chrono::ceil<std::chrono::seconds>(deadline - steady_clock::now());
  const auto stopped = co_await context_.runtime.stop_container(id, std::max(left, kMinimumGrace));
  if (!stopped && !stopping_) {
    spdlog::warn("pod {}: stop container {}: {}", describe_pod(*pod_), id, stopped.error().message);
  }
  ending_->running.erase(name);
  announce();
}

// A pod may be deleted once more, with less time than it was given at first: what still runs has only that from then
// on.
Task<void> PodWorker::hurry_when_told(std::chrono::seconds grace, TaskGroup& stopping) {
  const auto no_deadline = steady_clock::time_point::max();
  for (;;) {
    std::function<bool()> told = [this, grace] {
      return ending_->running.empty() || (api::is_terminating(*pod_) && grace_period(*pod_) < grace);
    };
    co_await wait_until(std::move(told), no_deadline);
    if (stopping_ || ending_->running.empty()) co_return;
    grace = grace_period(*pod_);
    const std::set<std::string> running = ending_->running;
    for (const std::string& name : running) stopping.spawn(end_container(name, grace));
  }
}

// All at the same time, so that the grace period counts once.
Task<void> PodWorker::end_containers(std::set<std::string> names, std::chrono::seconds grace) {
  TaskGroup stopping(context_.executor);
  ending_ = std::make_unique<Ending>();
  ending_->running = names;
  for (const std::string& name : names) stopping.spawn(end_container(name, grace));
  co_await hurry_when_told(grace, stopping);
  co_await stopping.join();
  ending_.reset();
}

Task<void> PodWorker::stop_containers(std::chrono::seconds grace) {
  std::set<std::string> running;
  for (const auto& [name, kept] : state_.containers) {
    if (!is_running(kept)) continue;
    context_.events.normal(*pod_, name, "Killing", "Stopping container " + name);
    running.insert(name);
  }
  co_await end_containers(std::move(running), grace);
}

Task<void> PodWorker::execute(EndContainer action) {
  context_.events.normal(*pod_, action.name, "Killing", action.message);
  std::set<std::string> names{action.name};
  co_await end_containers(std::move(names), action.grace);
  if (stopping_) co_return;
  record(action.name).restart_due = action.restart;
  // The next run, or the wait for it, is told at once.
  skip_report_ = action.restart;
}

Task<void> PodWorker::execute(FailPod action) {
  context_.events.normal(*pod_, "", action.failure.reason, action.failure.message);
  state_.failure = std::make_shared<PodFailure>(std::move(action.failure));
  co_return;
}

Task<void> PodWorker::execute(StopPod action) {
  co_await stop_containers(action.grace);
  if (stopping_ || !state_.sandbox) co_return;
  const std::string sandbox_id = state_.sandbox->id;
  const auto stopped = co_await context_.runtime.stop_sandbox(sandbox_id);
  if (stopping_ || stopped) co_return;
  spdlog::warn("pod {}: stop sandbox: {}", describe_pod(*pod_), stopped.error().message);
  context_.events.warning(*pod_, "", "FailedKillPod", "error killing pod: " + stopped.error().message);
  co_await pause(kStopRetryDelay);
}

}  // namespace skiff::nodeagent
