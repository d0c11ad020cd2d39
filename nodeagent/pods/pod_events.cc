#include "nodeagent/pods/pod_events.h"

#include "api/client/event_recorder.h"
#include "nodeagent/pods/pod_view.h"

namespace skiff::nodeagent {

namespace {

std::string field_path(const Json& pod, const std::string& container) {
  if (container.empty()) return "";
  for (const Json& init : init_containers_of(pod)) {
    if (string_at(init, {"name"}) == container) return "spec.initContainers{" + container + "}";
  }
  for (const Json& ephemeral : ephemeral_containers_of(pod)) {
    if (string_at(ephemeral, {"name"}) == container) return "spec.ephemeralContainers{" + container + "}";
  }
  return "spec.containers{" + container + "}";
}

}  // namespace

void PodEvents::record(const Json& pod, const std::string& container, bool is_warning, std::string reason,
                       std::string message) {
  if (recorder_ == nullptr) return;
  api::Happening happening;
  happening.object = api::reference_to(pod, field_path(pod, container));
  happening.type = is_warning ? api::EventType::kWarning : api::EventType::kNormal;
  happening.reason = std::move(reason);
  happening.message = std::move(message);
  recorder_->record(std::move(happening));
}

void PodEvents::normal(const Json& pod, const std::string& container, std::string reason, std::string message) {
  record(pod, container, false, std::move(reason), std::move(message));
}

void PodEvents::warning(const Json& pod, const std::string& container, std::string reason, std::string message) {
  record(pod, container, true, std::move(reason), std::move(message));
}

}  // namespace skiff::nodeagent
