#include "nodeagent/streaming/log_target.h"

#include "nodeagent/pods/pod_view.h"

namespace skiff::nodeagent {

namespace {

LogTarget target_of(const std::string& container, const Attempt& attempt) {
  const ContainerStatus& status = attempt.status;
  return {container, status.attempt, status.id, status.state == ContainerState::kRunning};
}

std::string waiting_text(const std::string& reason) {
  if (reason == "ErrImagePull") return "image can't be pulled";
  if (reason == "ImagePullBackOff") return "trying and failing to pull image";
  return reason;
}

}  // namespace

api::Result<LogTarget> find_log_target(const Json& pod, const PodState& state, const std::string& container,
                                       bool previous) {
  std::string name = container;
  if (name.empty() && containers_of(pod).size() == 1) name = string_at(containers_of(pod)[0], {"name"});
  const std::string which = "container \"" + name + "\" in pod \"" + api::name_of(pod) + "\"";
  const auto found = state.containers.find(name);
  if (found == state.containers.end()) return api::bad_request(which + " is not available");
  const ContainerMemory& record = found->second;
  const bool latest_is_past = record.latest && record.waiting;  // it ended, and the next run is being waited for

  if (previous) {
    if (latest_is_past) return target_of(name, *record.latest);
    if (record.previous) return target_of(name, *record.previous);
    return api::bad_request("previous terminated " + which + " not found");
  }
  if (record.latest && record.latest->status.state != ContainerState::kCreated) {
    return target_of(name, *record.latest);
  }
  const char* creating = init_containers_of(pod).empty() ? "ContainerCreating" : "PodInitializing";
  const std::string reason = record.waiting ? record.waiting->reason : creating;
  return api::bad_request(which + " is waiting to start: " + waiting_text(reason));
}

}  // namespace skiff::nodeagent
