#include "nodeagent/pods/pod_status.h"

#include "nodeagent/pods/container_status.h"
#include "nodeagent/pods/plan.h"
#include "nodeagent/pods/pod_view.h"

#include <algorithm>

namespace skiff::nodeagent {

namespace {

std::string old_phase(const Json& pod) { return string_at(pod, {"status", "phase"}); }

bool has_state(const Json& status, std::string_view state) { return find(status, {"state", state}) != nullptr; }

bool is_terminal(const std::string& phase) { return phase == "Succeeded" || phase == "Failed"; }

bool has_ended_before(const Json& status) { return find(status, {"lastState", "terminated"}) != nullptr; }

// A container of the pod proper has run, now or before.
bool any_has_started(const Json& statuses) {
  return std::any_of(statuses.begin(), statuses.end(),
                     [](const Json& status) { return !has_state(status, "waiting") || has_ended_before(status); });
}

// How many containers are where in their lives: what the phase follows from (kubelet's getPhase).
struct Census {
  std::size_t running = 0;
  std::size_t waiting = 0;
  std::size_t stopped = 0;
  std::size_t succeeded = 0;
  bool initializing = false;       // an init container has not ended
  bool starting_sidecars = false;  // a sidecar has not started
  bool initialization_failed = false;
};

void count_init_container(Census& census, const Json& status) {
  const Json* ended = find(status, {"state", "terminated"});
  if (ended == nullptr && has_state(status, "waiting")) ended = find(status, {"lastState", "terminated"});
  if (ended == nullptr) {
    census.initializing = true;
  } else if (integer_at(*ended, {"exitCode"}) != 0) {
    census.initialization_failed = true;
  }
}

void count_sidecar(Census& census, const Json& status) {
  if (has_state(status, "running")) {
    ++census.running;
    if (!bool_at(status, {"started"})) census.starting_sidecars = true;
  } else if (has_state(status, "waiting") && !has_ended_before(status)) {
    ++census.waiting;
    census.starting_sidecars = true;
  }
}

void count_container(Census& census, const Json& status, const PodState& state) {
  const auto record = state.containers.find(string_at(status, {"name"}));
  const bool between_runs = record != state.containers.end() && record->second.restart_due;
  if (has_state(status, "running") || between_runs) {
    ++census.running;
  } else if (const Json* terminated = find(status, {"state", "terminated"})) {
    ++census.stopped;
    if (integer_at(*terminated, {"exitCode"}) == 0) ++census.succeeded;
  } else if (has_ended_before(status)) {
    ++census.stopped;
  } else {
    ++census.waiting;
  }
}

Census take_census(const Json& pod, const PodState& state, const Json& init_statuses, const Json& statuses) {
  Census census;
  for (const Json& status : init_statuses) {
    if (is_sidecar(pod, string_at(status, {"name"}))) {
      count_sidecar(census, status);
    } else {
      count_init_container(census, status);
    }
  }
  for (const Json& status : statuses) count_container(census, status, state);
  return census;
}

// status.phase, from the container statuses that will be reported beside it.
std::string phase_of(const Json& pod, const PodState& state, const Json& init_statuses, const Json& statuses) {
  if (state.failure) return "Failed";
  if (api::is_pod_terminated(pod)) return old_phase(pod);
  const RestartPolicy policy = restart_policy(pod);
  const Census census = take_census(pod, state, init_statuses, statuses);
  const bool deleted = api::is_terminating(pod) && !any_container_runs(state);

  if (census.initialization_failed && policy == RestartPolicy::kNever) return "Failed";
  // A pod that is deleted before all of its containers ran has not done its work.
  if (deleted && (census.initializing || census.waiting > 0 || census.stopped == 0)) return "Failed";
  if (census.initializing || (census.starting_sidecars && !any_has_started(statuses))) return "Pending";
  if (census.waiting > 0) return "Pending";
  if (census.running > 0) return "Running";
  if (census.stopped == 0) return "Pending";
  if (deleted) return census.stopped == census.succeeded ? "Succeeded" : "Failed";
  if (policy == RestartPolicy::kAlways) return "Running";
  if (census.stopped == census.succeeded) return "Succeeded";
  return policy == RestartPolicy::kNever ? "Failed" : "Running";
}

// "[a b]": how Go prints a slice of names.
std::string name_list(const std::vector<std::string>& names) {
  std::string text = "[";
  for (const std::string& name : names) text += (text.size() > 1 ? " " : "") + name;
  return text + "]";
}

Json condition(std::string_view type, bool value, std::string_view reason = "", std::string_view message = "") {
  Json made = {{"type", type}, {"status", value ? "True" : "False"}};
  if (!reason.empty()) made["reason"] = reason;
  if (!message.empty()) made["message"] = message;
  return made;
}

// Containers and sidecars.
Json containers_ready(const Json& pod, const Json& init_statuses, const Json& statuses, const std::string& phase) {
  if (phase == "Succeeded") return condition("ContainersReady", false, "PodCompleted");
  if (phase == "Failed") return condition("ContainersReady", false, "PodFailed");
  std::vector<std::string> unready;
  for (const Json& status : init_statuses) {
    const std::string name = string_at(status, {"name"});
    if (is_sidecar(pod, name) && !bool_at(status, {"ready"})) unready.push_back(name);
  }
  for (const Json& status : statuses) {
    if (!bool_at(status, {"ready"})) unready.push_back(string_at(status, {"name"}));
  }
  if (unready.empty()) return condition("ContainersReady", true);
  return condition("ContainersReady", false, "ContainersNotReady",
                   "containers with unready status: " + name_list(unready));
}

const Json* find_condition(const Json& conditions, std::string_view type) {
  for (const Json& element : conditions) {
    if (string_at(element, {"type"}) == type) return &element;
  }
  return nullptr;
}

Json pod_ready(const Json& pod, const Json& others, const Json& containers_ready) {
  Json ready = containers_ready;
  ready["type"] = "Ready";
  if (string_at(ready, {"status"}) != "True") return ready;
  std::string message;
  const Json* gates = find(pod, {"spec", "readinessGates"});
  for (const Json& gate : gates != nullptr ? *gates : Json::array()) {
    const std::string type = string_at(gate, {"conditionType"});
    const Json* found = find_condition(others, type);
    const std::string status = found != nullptr ? string_at(*found, {"status"}) : "";
    if (status == "True") continue;
    if (!message.empty()) message += ", ";
    message += found == nullptr ? "corresponding condition of pod readiness gate \"" + type + "\" does not exist."
                                : "the status of pod readiness gate \"" + type + "\" is not \"True\", but " + status;
  }
  return message.empty() ? ready : condition("Ready", false, "ReadinessGatesNotReady", message);
}

Json initialized(const Json& pod, const Json& init_statuses, const Json& statuses, const std::string& phase) {
  if (phase == "Succeeded") return condition("Initialized", true, "PodCompleted");
  if (any_has_started(statuses)) return condition("Initialized", true);
  std::vector<std::string> incomplete;
  for (const Json& status : init_statuses) {
    const std::string name = string_at(status, {"name"});
    if (!bool_at(status, {is_sidecar(pod, name) ? "started" : "ready"})) incomplete.push_back(name);
  }
  if (incomplete.empty()) return condition("Initialized", true);
  return condition("Initialized", false, "ContainersNotInitialized",
                   "containers with incomplete status: " + name_list(incomplete));
}

// lastTransitionTime moves when the condition's status does.
void stamp(Json& made, const Json& old_conditions, TimePoint now) {
  const Json* old = find_condition(old_conditions, string_at(made, {"type"}));
  const bool same = old != nullptr && string_at(*old, {"status"}) == string_at(made, {"status"}) &&
                    find(*old, {"lastTransitionTime"}) != nullptr;
  made["lastTransitionTime"] = same ? string_at(*old, {"lastTransitionTime"}) : format_time(now);
}

Json make_conditions(const Json& pod, const PodState& state, const Json& status, const std::string& phase,
                     TimePoint now) {
  const Json* found = find(pod, {"status", "conditions"});
  const Json old = found != nullptr ? *found : Json::array();
  const Json& init_statuses = status["initContainerStatuses"];
  const Json& statuses = status["containerStatuses"];

  const Json ready = containers_ready(pod, init_statuses, statuses, phase);
  Json conditions = Json::array({
      condition("PodReadyToStartContainers", state.sandbox && state.sandbox->ready),
      initialized(pod, init_statuses, statuses, phase),
      pod_ready(pod, old, ready),
      ready,
      condition("PodScheduled", true),
  });
  if (state.failure && state.failure->kind == PodFailure::Kind::kEvicted) {
    conditions.push_back(condition("DisruptionTarget", true, "TerminationByKubelet", state.failure->message));
  }
  for (Json& made : conditions) stamp(made, old, now);
  for (const Json& element : old) {
    if (find_condition(conditions, string_at(element, {"type"})) == nullptr) conditions.push_back(element);
  }
  return conditions;
}

// Of a pod that never began there is nothing to say but why.
Json refused_status(const Json& pod, const PodFailure& failure, TimePoint now) {
  Json status = {{"phase", "Failed"},
                 {"reason", failure.reason},
                 {"message", failure.message},
                 {"qosClass", qos_class(pod)},
                 {"startTime", string_at(pod, {"status", "startTime"}, format_time(now))}};
  if (const Json* conditions = find(pod, {"status", "conditions"})) status["conditions"] = *conditions;
  return status;
}

}  // namespace

Json make_status(const Json& pod, const PodState& state, const NodeFacts& node, TimePoint now) {
  if (state.failure && state.failure->kind == PodFailure::Kind::kRefused) {
    return refused_status(pod, *state.failure, now);
  }
  Json status = {
      {"initContainerStatuses", make_container_statuses(pod, init_containers_of(pod), state, node.runtime_name)},
      {"containerStatuses", make_container_statuses(pod, containers_of(pod), state, node.runtime_name)}};
  const std::string phase = phase_of(pod, state, status["initContainerStatuses"], status["containerStatuses"]);
  status["conditions"] = make_conditions(pod, state, status, phase, now);
  if (status["initContainerStatuses"].empty()) status.erase("initContainerStatuses");

  Json ephemeral = make_container_statuses(pod, ephemeral_containers_of(pod), state, node.runtime_name);
  if (!ephemeral.empty()) status["ephemeralContainerStatuses"] = std::move(ephemeral);

  for (const std::string_view kept : {"reason", "message", "nominatedNodeName", "resize"}) {
    if (const Json* value = find(pod, {"status", kept})) status[std::string(kept)] = *value;
  }
  // A pod is not called over while its containers use what the next one may need.
  const bool held_back = is_terminal(phase) && any_container_runs(state) && !api::is_pod_terminated(pod);
  status["phase"] = held_back ? string_at(pod, {"status", "phase"}, "Pending") : phase;
  if (state.failure && !held_back) {
    status["reason"] = state.failure->reason;
    status["message"] = state.failure->message;
  }
  status["qosClass"] = qos_class(pod);
  status["startTime"] = string_at(pod, {"status", "startTime"}, format_time(now));
  if (!node.host_ip.empty()) {
    status["hostIP"] = node.host_ip;
    status["hostIPs"] = Json::array({{{"ip", node.host_ip}}});
  }
  std::string ip = state.ip;
  if (bool_at(pod, {"spec", "hostNetwork"})) ip = state.sandbox ? node.host_ip : "";
  if (ip.empty()) ip = string_at(pod, {"status", "podIP"});
  if (!ip.empty()) {
    status["podIP"] = ip;
    status["podIPs"] = Json::array({{{"ip", ip}}});
  }
  return status;
}

}  // namespace skiff::nodeagent
