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

Json make_container_status(const Json& pod, const Json& container, const PodState& state,
                           const std::string& runtime_name) {
  static const ContainerRecord kNone;
  const std::string name = string_at(container, {"name"});
  const auto found = state.containers.find(name);
  const ContainerRecord& record = found == state.containers.end() ? kNone : found->second;
  const Json* reported = find_container_status(pod, name);
  const bool is_init = std::any_of(init_containers_of(pod).begin(), init_containers_of(pod).end(),
                                   [&](const Json& init) { return string_at(init, {"name"}) == name; });

  // A pod that is over and that the agent knows nothing of keeps what was said about it.
  if (!record.latest && !record.waiting && reported != nullptr && api::is_pod_terminated(pod)) return *reported;

  Json made = {{"name", name},
               {"image", string_at(container, {"image"})},
               {"imageID", ""},
               {"restartCount", 0},
               {"ready", false},
               {"started", false},
               {"lastState", Json::object()}};
  if (!record.latest) {
    const char* creating = init_containers_of(pod).empty() ? "ContainerCreating" : "PodInitializing";
    made["state"] = waiting_state(record.waiting.value_or(Waiting{creating, ""}));
    made["lastState"] = reported_last_state(reported);
    if (reported != nullptr) made["restartCount"] = integer_at(*reported, {"restartCount"});
    return made;
  }

  const ContainerStatus& latest = record.latest->status;
  made["image"] = latest.image_reference.empty() ? string_at(container, {"image"}) : latest.image_reference;
  made["imageID"] = latest.image_id;
  made["containerID"] = runtime_name + "://" + latest.id;
  made["restartCount"] = latest.attempt;
  const Json last = record.previous
                        ? terminated_state(*record.previous, runtime_name)
                        : (latest.attempt > 0 && reported != nullptr && find(*reported, {"lastState"}) != nullptr
                               ? *find(*reported, {"lastState"})
                               : Json::object());
  switch (latest.state) {
    case ContainerState::kRunning:
      made["state"] = {{"running", {{"startedAt", format_time(latest.started_at)}}}};
      made["lastState"] = last;
      made["ready"] = !is_init;
      made["started"] = true;
      break;
    case ContainerState::kExited:
      if (record.waiting) {
        made["state"] = waiting_state(*record.waiting);
        made["lastState"] = terminated_state(*record.latest, runtime_name);
      } else {
        made["state"] = terminated_state(*record.latest, runtime_name);
        made["lastState"] = last;
        made["ready"] = is_init && latest.exit_code == 0;
      }
      break;
    case ContainerState::kCreated:
    case ContainerState::kUnknown:
      made["state"] = waiting_state(record.waiting.value_or(Waiting{"ContainerCreating", ""}));
      made["lastState"] = last;
      break;
  }
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
