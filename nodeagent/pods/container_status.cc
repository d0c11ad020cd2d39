#include "nodeagent/pods/container_status.h"

#include "nodeagent/pods/pod_view.h"

namespace skiff::nodeagent {

namespace {

Json terminated_state(const Attempt& attempt, const std::string& runtime_name) {
  const ContainerStatus& status = attempt.status;
  Json terminated = {{"exitCode", status.exit_code},
                     {"reason", attempt.exit_reason},
                     {"startedAt", format_time(status.started_at)},
                     {"finishedAt", format_time(status.finished_at)},
                     {"containerID", runtime_name + "://" + status.id}};
  if (!attempt.exit_message.empty()) terminated["message"] = attempt.exit_message;
  return {{"terminated", std::move(terminated)}};
}

Json waiting_state(const Waiting& waiting) {
  Json made = {{"reason", waiting.reason}};
  if (!waiting.message.empty()) made["message"] = waiting.message;
  return {{"waiting", std::move(made)}};
}

// What was reported about a container before the agent knew it (it was restarted, the runtime lost it).
Json reported_last_state(const Json* reported) {
  if (reported == nullptr) return Json::object();
  for (const std::string_view member : {"state", "lastState"}) {
    if (const Json* terminated = find(*reported, {member, "terminated"})) return {{"terminated", *terminated}};
  }
  return Json::object();
}

// The pod is over before a container of it could be found to have ended; upstream's words. Only for the containers of
// a pod that was initialized: the others wait to this day.
Json lost_state() {
  return {{"terminated",
           {{"exitCode", 137},
            {"reason", "ContainerStatusUnknown"},
            {"message", "The container could not be located when the pod was terminated"},
            {"startedAt", nullptr},
            {"finishedAt", nullptr}}}};
}

bool is_one_of(const Json& containers, const std::string& name) {
  return std::any_of(containers.begin(), containers.end(),
                     [&name](const Json& container) { return string_at(container, {"name"}) == name; });
}

// The latest run's state into `made`. `waits`: why there is no next one yet.
void tell_run(Json& made, const Json& pod, const ContainerMemory& record, const std::string& runtime_name,
              const Json& last, const std::optional<Waiting>& waits) {
  const ContainerStatus& latest = record.latest->status;
  const std::string name = string_at(made, {"name"});
  const bool runs_once = is_one_of(init_containers_of(pod), name) && !is_sidecar(pod, name);
  const bool is_ephemeral = !made.contains("started");
  made["lastState"] = last;
  switch (latest.state) {
    case ContainerState::kRunning:
      made["state"] = {{"running", {{"startedAt", format_time(latest.started_at)}}}};
      if (!is_ephemeral) made["started"] = record.health.started;
      made["ready"] = !runs_once && !is_ephemeral && record.health.started && record.health.ready;
      break;
    case ContainerState::kExited:
      if (waits) {
        made["state"] = waiting_state(*waits);
        made["lastState"] = terminated_state(*record.latest, runtime_name);
      } else {
        made["state"] = terminated_state(*record.latest, runtime_name);
        made["ready"] = runs_once && latest.exit_code == 0;
      }
      break;
    case ContainerState::kCreated:
    case ContainerState::kUnknown:
      made["state"] = waiting_state(waits.value_or(Waiting{"ContainerCreating", ""}));
      break;
  }
}

Json make_container_status(const Json& pod, const Json& container, const PodState& state,
                           const std::string& runtime_name) {
  static const ContainerMemory kNone;
  const std::string name = string_at(container, {"name"});
  const auto found = state.containers.find(name);
  const ContainerMemory& record = found == state.containers.end() ? kNone : found->second;
  const Json* reported = find_container_status(pod, name);

  // A pod that is over and that the agent knows nothing of keeps what was said about it.
  if (!record.latest && !record.waiting && reported != nullptr && api::is_pod_terminated(pod)) return *reported;

  Json made = {{"name", name},
               {"image", string_at(container, {"image"})},
               {"imageID", ""},
               {"restartCount", 0},
               {"ready", false},
               {"started", false},
               {"lastState", Json::object()}};
  // Containers for debugging never count as started or ready.
  if (is_one_of(ephemeral_containers_of(pod), name)) made.erase("started");
  // No other run follows in a pod that ends, so nothing is waited for.
  const bool ends = api::is_terminating(pod) || state.failure;
  if (!record.latest) {
    const bool has_inits = !init_containers_of(pod).empty();
    const bool lost = ends && !has_inits && !any_container_runs(state) && is_one_of(containers_of(pod), name);
    const char* creating = has_inits ? "PodInitializing" : "ContainerCreating";
    made["state"] = lost ? lost_state() : waiting_state(record.waiting.value_or(Waiting{creating, ""}));
    made["lastState"] = reported_last_state(reported);
    if (reported != nullptr) made["restartCount"] = integer_at(*reported, {"restartCount"});
    return made;
  }

  const ContainerStatus& latest = record.latest->status;
  made["image"] = latest.image_reference.empty() ? string_at(container, {"image"}) : latest.image_reference;
  made["imageID"] = latest.image_id;
  made["containerID"] = runtime_name + "://" + latest.id;
  made["restartCount"] = latest.attempt;
  Json last = Json::object();
  if (record.previous) {
    last = terminated_state(*record.previous, runtime_name);
  } else if (latest.attempt > 0 && reported != nullptr && find(*reported, {"lastState"}) != nullptr) {
    last = *find(*reported, {"lastState"});
  }
  tell_run(made, pod, record, runtime_name, last, ends ? std::nullopt : record.waiting);
  return made;
}

}  // namespace

Json make_container_statuses(const Json& pod, const Json& containers, const PodState& state,
                             const std::string& runtime_name) {
  Json made = Json::array();
  for (const Json& container : containers) made.push_back(make_container_status(pod, container, state, runtime_name));
  return made;
}

}  // namespace skiff::nodeagent
