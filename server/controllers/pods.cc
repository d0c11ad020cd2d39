#include "server/controllers/pods.h"

#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "api/views/pod.h"

namespace skiff::controllers {

bool is_active(const Json& pod) { return !api::is_pod_terminated(pod) && !api::is_terminating(pod); }

std::optional<TimePoint> ready_since(const Json& pod) {
  const Json* ready = api::find_condition(pod, "Ready");
  if (ready == nullptr || string_at(*ready, {"status"}) != "True") return std::nullopt;
  return parse_time(string_at(*ready, {"lastTransitionTime"}));
}

std::optional<TimePoint> available_at(const Json& pod, std::chrono::seconds min_ready, TimePoint now) {
  if (!api::is_pod_ready(pod)) return std::nullopt;
  if (min_ready.count() == 0) return now;
  return ready_since(pod).value_or(now) + min_ready;
}

bool is_available(const Json& pod, std::chrono::seconds min_ready, TimePoint now) {
  const std::optional<TimePoint> at = available_at(pod, min_ready, now);
  return at && *at <= now;
}

Json pod_from_template(const api::ResourceType& owner_type, const Json& owner) {
  Json metadata = {{"generateName", api::name_of(owner) + "-"},
                   {"ownerReferences", Json::array({api::controller_reference(owner_type, owner)})}};
  for (const char* member : {"labels", "annotations", "finalizers"}) {
    const Json* value = find(owner, {"spec", "template", "metadata", member});
    if (value != nullptr && !value->empty()) metadata[member] = *value;
  }
  Json pod = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", std::move(metadata)}};
  if (const Json* spec = find(owner, {"spec", "template", "spec"})) pod["spec"] = *spec;
  return pod;
}

}  // namespace skiff::controllers
