#include "nodeagent/pods/pod_view.h"

#include <charconv>

namespace skiff::nodeagent {

namespace {

const Json& array_at(const Json& document, std::initializer_list<std::string_view> path) {
  static const Json kEmpty = Json::array();
  const Json* found = find(document, path);
  return found != nullptr && found->is_array() ? *found : kEmpty;
}

const Json* find_named(const Json& array, std::string_view name) {
  for (const Json& element : array) {
    if (string_at(element, {"name"}) == name) return &element;
  }
  return nullptr;
}

}  // namespace

RestartPolicy restart_policy(const Json& pod) {
  const std::string policy = string_at(pod, {"spec", "restartPolicy"});
  if (policy == "Never") return RestartPolicy::kNever;
  if (policy == "OnFailure") return RestartPolicy::kOnFailure;
  return RestartPolicy::kAlways;
}

bool should_restart(RestartPolicy policy, int exit_code) {
  return policy == RestartPolicy::kAlways || (policy == RestartPolicy::kOnFailure && exit_code != 0);
}

const Json& containers_of(const Json& pod) { return array_at(pod, {"spec", "containers"}); }
const Json& init_containers_of(const Json& pod) { return array_at(pod, {"spec", "initContainers"}); }
const Json& ephemeral_containers_of(const Json& pod) { return array_at(pod, {"spec", "ephemeralContainers"}); }
const Json& volumes_of(const Json& pod) { return array_at(pod, {"spec", "volumes"}); }

bool is_sidecar(const Json& init_container) { return string_at(init_container, {"restartPolicy"}) == "Always"; }

bool is_sidecar(const Json& pod, std::string_view name) {
  const Json* found = find_named(init_containers_of(pod), name);
  return found != nullptr && is_sidecar(*found);
}

const Json* find_container(const Json& pod, std::string_view name) {
  for (const Json* list : {&containers_of(pod), &init_containers_of(pod), &ephemeral_containers_of(pod)}) {
    if (const Json* found = find_named(*list, name)) return found;
  }
  return nullptr;
}

const Json* find_container_status(const Json& pod, std::string_view name) {
  for (const char* list : {"containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"}) {
    if (const Json* found = find_named(array_at(pod, {"status", list}), name)) return found;
  }
  return nullptr;
}

std::chrono::seconds grace_period(const Json& pod) {
  const std::int64_t configured = integer_at(pod, {"spec", "terminationGracePeriodSeconds"}, 30);
  return std::chrono::seconds(integer_at(pod, {"metadata", "deletionGracePeriodSeconds"}, configured));
}

std::optional<TimePoint> active_deadline(const Json& pod) {
  const Json* seconds = find(pod, {"spec", "activeDeadlineSeconds"});
  const auto start = parse_time(string_at(pod, {"status", "startTime"}));
  if (seconds == nullptr || !start) return std::nullopt;
  return *start + std::chrono::seconds(seconds->get<std::int64_t>());
}

std::uint64_t resource_version(const Json& object) {
  const std::string text = string_at(object, {"metadata", "resourceVersion"});
  std::uint64_t version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

std::string describe_pod(const Json& pod) {
  const api::NamespacedName key = api::key_of(pod);
  return key.name + "_" + key.namespace_ + "(" + api::uid_of(pod) + ")";
}

std::string qos_class(const Json& pod) {
  const std::string known = string_at(pod, {"status", "qosClass"});
  return known.empty() ? api::compute_qos_class(pod) : known;
}

}  // namespace skiff::nodeagent
