#pragma once

#include "api/base/json.h"
#include "api/views/meta.h"
#include "api/views/pod.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Thin views of a pod's document: what the agent asks of it, in one place. The document is a stored (defaulted and
// validated) v1 Pod; the views only read.
namespace skiff::nodeagent {

enum class RestartPolicy { kAlways, kOnFailure, kNever };

[[nodiscard]] RestartPolicy restart_policy(const Json& pod);
// Whether a container that exited with `exit_code` is to run again.
[[nodiscard]] bool should_restart(RestartPolicy policy, int exit_code);

// spec.containers and spec.initContainers; an empty array when absent.
[[nodiscard]] const Json& containers_of(const Json& pod);
[[nodiscard]] const Json& init_containers_of(const Json& pod);
// spec.ephemeralContainers: added to a running pod for debugging; an empty array when absent.
[[nodiscard]] const Json& ephemeral_containers_of(const Json& pod);
// A sidecar: an init container that the next one does not wait for the end of, and that runs as long as the pod does.
[[nodiscard]] bool is_sidecar(const Json& init_container);
[[nodiscard]] bool is_sidecar(const Json& pod, std::string_view name);
// spec.volumes; an empty array when absent.
[[nodiscard]] const Json& volumes_of(const Json& pod);
// The container, init container or ephemeral container of that name, or null.
[[nodiscard]] const Json* find_container(const Json& pod, std::string_view name);
// The status of the container of that name, of any of the three kinds, or null.
[[nodiscard]] const Json* find_container_status(const Json& pod, std::string_view name);

// How long containers may take to stop: metadata.deletionGracePeriodSeconds, else spec.terminationGracePeriodSeconds.
[[nodiscard]] std::chrono::seconds grace_period(const Json& pod);

// When a pod that has started has outlived spec.activeDeadlineSeconds; nothing without one.
[[nodiscard]] std::optional<TimePoint> active_deadline(const Json& pod);

// metadata.resourceVersion as a number; 0 when absent.
[[nodiscard]] std::uint64_t resource_version(const Json& object);

// "name_namespace(uid)": how the kubelet names a pod in messages.
[[nodiscard]] std::string describe_pod(const Json& pod);

// "Guaranteed", "Burstable" or "BestEffort": status.qosClass, else computed from requests and limits.
[[nodiscard]] std::string qos_class(const Json& pod);

}  // namespace skiff::nodeagent
