#include "nodeagent/pods/plan.h"

#include "nodeagent/pods/pod_view.h"

namespace skiff::nodeagent {

namespace {

void wake_no_later_than(Plan& plan, TimePoint time) {
  if (time == kWhenSomethingChanges) return;
  if (!plan.wake_at || time < *plan.wake_at) plan.wake_at = time;
}

// False when the step must wait; the plan then wakes in time.
bool may_try(Plan& plan, TimePoint retry_at, TimePoint now) {
  if (retry_at <= now) return true;
  wake_no_later_than(plan, retry_at);
  return false;
}

const ContainerRecord& record_of(const PodState& state, const std::string& name) {
  static const ContainerRecord kNone;
  const auto found = state.containers.find(name);
  return found == state.containers.end() ? kNone : found->second;
}

bool belongs_to_sandbox(const ContainerRecord& record, const PodState& state) {
  return record.latest && state.sandbox && record.latest->status.sandbox_id == state.sandbox->id;
}

bool anything_runs(const PodState& state) {
  if (state.sandbox && state.sandbox->ready) return true;
  for (const auto& [name, record] : state.containers) {
    if (is_running(record)) return true;
  }
  return false;
}

// An attempt to (re)start a container that is not running, as far as its back-offs allow.
void plan_start(Plan& plan, const std::string& name, const ContainerRecord& record, TimePoint now,
                const BackOffPolicy& policy) {
  if (record.latest && record.latest->status.state == ContainerState::kCreated) {
    plan.actions.emplace_back(DiscardContainer{name});
    return;
  }
  if (record.latest) {
    const TimePoint failed_at = record.latest->status.finished_at;
    if (record.restart_back_off.blocks(failed_at, now, policy)) {
      const TimePoint until = record.restart_back_off.ends(failed_at);
      const bool said = record.waiting && record.waiting->reason == "CrashLoopBackOff";
      if (!said) plan.actions.emplace_back(DelayRestart{name, record.restart_back_off.wait(), until});
      wake_no_later_than(plan, until);
      return;
    }
  }
  if (may_try(plan, record.retry_at, now)) plan.actions.emplace_back(StartContainer{name, record.next_attempt});
}

// Runs the init containers one after the other. True when all of them have succeeded.
bool plan_init_containers(Plan& plan, const Json& pod, const PodState& state, TimePoint now,
                          const BackOffPolicy& policy) {
  // Containers of this sandbox exist: it was initialized before, whatever the runtime still knows of it.
  for (const Json& container : containers_of(pod)) {
    if (belongs_to_sandbox(record_of(state, string_at(container, {"name"})), state)) return true;
  }
  for (const Json& container : init_containers_of(pod)) {
    const std::string name = string_at(container, {"name"});
    const ContainerRecord& record = record_of(state, name);
    if (belongs_to_sandbox(record, state)) {
      if (record.latest->status.state == ContainerState::kRunning) return false;
      if (record.latest->status.state == ContainerState::kExited && record.latest->status.exit_code == 0) continue;
    }
    plan_start(plan, name, record, now, policy);
    return false;
  }
  return true;
}

void plan_containers(Plan& plan, const Json& pod, const PodState& state, TimePoint now, const BackOffPolicy& policy) {
  for (const Json& container : containers_of(pod)) {
    const std::string name = string_at(container, {"name"});
    const ContainerRecord& record = record_of(state, name);
    if (is_running(record)) continue;
    const bool exited = record.latest && record.latest->status.state == ContainerState::kExited;
    if (exited && !should_restart(restart_policy(pod), record.latest->status.exit_code)) continue;
    plan_start(plan, name, record, now, policy);
  }
}

Plan plan_end(const Json& pod, const PodState& state) {
  Plan plan;
  const bool deleting = api::is_terminating(pod) || state.gone_from_api;
  if (anything_runs(state)) {
    plan.actions.emplace_back(StopPod{grace_period(pod)});
  } else if (deleting && !state.cleaned_up) {
    plan.actions.emplace_back(CleanUp{});
  } else if (deleting && !state.gone_from_api) {
    plan.actions.emplace_back(ConfirmDeletion{});
  }
  return plan;
}

}  // namespace

bool has_finished(const Json& pod, const PodState& state) {
  const RestartPolicy policy = restart_policy(pod);
  const auto ended = [&state](const Json& container) -> const ContainerStatus* {
    const ContainerRecord& record = record_of(state, string_at(container, {"name"}));
    return record.latest && record.latest->status.state == ContainerState::kExited ? &record.latest->status : nullptr;
  };
  if (policy == RestartPolicy::kNever) {
    for (const Json& container : init_containers_of(pod)) {
      const ContainerStatus* status = ended(container);
      if (status != nullptr && status->exit_code != 0) return true;
    }
  }
  for (const Json& container : containers_of(pod)) {
    const ContainerStatus* status = ended(container);
    if (status == nullptr || should_restart(policy, status->exit_code)) return false;
  }
  return true;
}

Plan plan(const Json& pod, const PodState& state, TimePoint now, const BackOffPolicy& policy) {
  const bool over = api::is_terminating(pod) || state.gone_from_api || state.failure || api::is_pod_terminated(pod);
  if (over || has_finished(pod, state)) return plan_end(pod, state);

  Plan plan;
  if (!state.volumes_ready) {
    if (may_try(plan, state.volumes_retry_at, now)) plan.actions.emplace_back(MountVolumes{});
    return plan;
  }
  if (state.sandbox && !state.sandbox->ready) {
    plan.actions.emplace_back(ReplaceSandbox{state.sandbox->id});
    return plan;
  }
  if (!state.sandbox) {
    if (may_try(plan, state.sandbox_retry_at, now)) plan.actions.emplace_back(MakeSandbox{state.next_sandbox_attempt});
    return plan;
  }
  if (plan_init_containers(plan, pod, state, now, policy)) plan_containers(plan, pod, state, now, policy);
  return plan;
}

}  // namespace skiff::nodeagent
