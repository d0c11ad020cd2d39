#include "nodeagent/pods/plan.h"

#include "nodeagent/pods/pod_view.h"

#include <algorithm>

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

const ContainerMemory& record_of(const PodState& state, const std::string& name) {
  static const ContainerMemory kNone;
  const auto found = state.containers.find(name);
  return found == state.containers.end() ? kNone : found->second;
}

bool belongs_to_sandbox(const ContainerMemory& record, const PodState& state) {
  return record.latest && state.sandbox && record.latest->status.sandbox_id == state.sandbox->id;
}

bool anything_runs(const PodState& state) {
  if (state.sandbox && state.sandbox->ready) return true;
  return any_container_runs(state);
}

std::chrono::seconds grace_after(const Json& pod, const Json& container, ProbeKind failed) {
  const char* probe = failed == ProbeKind::kStartup ? "startupProbe" : "livenessProbe";
  const std::int64_t usual = grace_period(pod).count();
  return std::chrono::seconds(integer_at(container, {probe, "terminationGracePeriodSeconds"}, usual));
}

// Whether a running container must end although nobody asked the pod to; upstream's texts.
std::optional<EndContainer> plan_end_of(const Json& pod, const Json& container, const ContainerMemory& record,
                                        bool sidecar) {
  EndContainer end;
  end.name = string_at(container, {"name"});
  end.grace = grace_period(pod);
  end.restart = true;
  const std::string& image = record.latest->status.image_reference;
  if (!sidecar && !image.empty() && image != string_at(container, {"image"})) {
    end.message = "Container " + end.name + " definition changed";
  } else if (record.health.failed) {
    const bool startup = *record.health.failed == ProbeKind::kStartup;
    end.message = (sidecar ? "Init container " : "Container ") + end.name;
    end.message += startup ? " failed startup probe" : " failed liveness probe";
    end.grace = grace_after(pod, container, *record.health.failed);
    end.restart = sidecar || restart_policy(pod) != RestartPolicy::kNever;
  } else {
    return std::nullopt;
  }
  if (end.restart && !sidecar) end.message += ", will be restarted";
  return end;
}

bool has_ended_for_good(const Json& pod, const ContainerMemory& record) {
  if (!record.latest || record.latest->status.state != ContainerState::kExited || record.restart_due) return false;
  return !should_restart(restart_policy(pod), record.latest->status.exit_code);
}

// An attempt to (re)start a container that is not running, as far as its back-offs allow.
void plan_start(Plan& plan, const std::string& name, const ContainerMemory& record, TimePoint now,
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
      if (!said) plan.actions.emplace_back(DelayRestart{name, record.restart_back_off.wait()});
      wake_no_later_than(plan, until);
      return;
    }
  }
  if (may_try(plan, record.retry_at, now)) plan.actions.emplace_back(StartContainer{name, record.next_attempt});
}

// Keeps a sidecar running. True when it has started.
bool plan_sidecar(Plan& plan, const Json& pod, const Json& container, const PodState& state, TimePoint now,
                  const BackOffPolicy& policy) {
  const std::string name = string_at(container, {"name"});
  const ContainerMemory& record = record_of(state, name);
  if (!is_running(record)) {
    plan_start(plan, name, record, now, policy);
    return false;
  }
  if (auto end = plan_end_of(pod, container, record, true)) {
    plan.actions.emplace_back(std::move(*end));
    return false;
  }
  return record.health.started;
}

// Containers of this sandbox exist: it was initialized before, whatever the runtime still knows of it.
bool was_initialized(const Json& pod, const PodState& state) {
  const Json& containers = containers_of(pod);
  return std::any_of(containers.begin(), containers.end(), [&state](const Json& container) {
    return belongs_to_sandbox(record_of(state, string_at(container, {"name"})), state);
  });
}

// Runs the init containers one after the other: each waits for the end of the one before, or for the start of a
// sidecar. True when all of them have got so far.
bool plan_init_containers(Plan& plan, const Json& pod, const PodState& state, TimePoint now,
                          const BackOffPolicy& policy) {
  const bool initialized = was_initialized(pod, state);
  for (const Json& container : init_containers_of(pod)) {
    const std::string name = string_at(container, {"name"});
    const ContainerMemory& record = record_of(state, name);
    if (is_sidecar(container)) {
      const bool started = plan_sidecar(plan, pod, container, state, now, policy);
      if (!started && !initialized) return false;
      continue;
    }
    if (initialized) continue;
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
    const ContainerMemory& record = record_of(state, name);
    if (is_running(record)) {
      if (auto end = plan_end_of(pod, container, record, false)) plan.actions.emplace_back(std::move(*end));
      continue;
    }
    if (has_ended_for_good(pod, record)) continue;
    plan_start(plan, name, record, now, policy);
  }
}

// Containers for debugging run once, whatever the others do.
void plan_ephemeral_containers(Plan& plan, const Json& pod, const PodState& state, TimePoint now,
                               const BackOffPolicy& policy) {
  for (const Json& container : ephemeral_containers_of(pod)) {
    const std::string name = string_at(container, {"name"});
    const ContainerMemory& record = record_of(state, name);
    if (record.next_attempt == 0) plan_start(plan, name, record, now, policy);
  }
}

Plan plan_end(const Json& pod, const PodState& state) {
  Plan plan;
  const bool deleting = api::is_terminating(pod) || state.gone_from_api;
  if (anything_runs(state)) {
    const bool hurried = state.failure && state.failure->grace;
    plan.actions.emplace_back(StopPod{hurried ? *state.failure->grace : grace_period(pod)});
  } else if (deleting && !state.cleaned_up) {
    plan.actions.emplace_back(CleanUp{});
  } else if (deleting && !state.gone_from_api) {
    plan.actions.emplace_back(ConfirmDeletion{});
  }
  return plan;
}

}  // namespace

bool has_finished(const Json& pod, const PodState& state) {
  if (restart_policy(pod) == RestartPolicy::kNever) {
    for (const Json& container : init_containers_of(pod)) {
      const ContainerMemory& record = record_of(state, string_at(container, {"name"}));
      if (is_sidecar(container) || !has_ended_for_good(pod, record)) continue;
      if (record.latest->status.exit_code != 0) return true;
    }
  }
  const Json& containers = containers_of(pod);
  return std::all_of(containers.begin(), containers.end(), [&](const Json& container) {
    return has_ended_for_good(pod, record_of(state, string_at(container, {"name"})));
  });
}

Plan plan(const Json& pod, const PodState& state, TimePoint now, const BackOffPolicy& policy) {
  const bool over = api::is_terminating(pod) || state.gone_from_api || state.failure || api::is_pod_terminated(pod);
  if (over || has_finished(pod, state)) return plan_end(pod, state);

  Plan plan;
  if (const auto deadline = active_deadline(pod)) {
    if (*deadline <= now) {
      plan.actions.emplace_back(
          FailPod{{"DeadlineExceeded", "Pod was active on the node longer than the specified deadline"}});
      return plan;
    }
    wake_no_later_than(plan, *deadline);
  }
  if (!state.volumes_ready || state.volumes_stale) {
    if (may_try(plan, state.volumes_retry_at, now)) plan.actions.emplace_back(MountVolumes{});
    if (!state.volumes_ready) return plan;  // stale ones do for what is to be done
  }
  if (state.sandbox && !state.sandbox->ready) {
    plan.actions.emplace_back(ReplaceSandbox{state.sandbox->id});
    return plan;
  }
  if (!state.sandbox) {
    if (may_try(plan, state.sandbox_retry_at, now)) plan.actions.emplace_back(MakeSandbox{state.next_sandbox_attempt});
    return plan;
  }
  plan_ephemeral_containers(plan, pod, state, now, policy);
  if (plan_init_containers(plan, pod, state, now, policy)) plan_containers(plan, pod, state, now, policy);
  return plan;
}

}  // namespace skiff::nodeagent
