#pragma once

#include "api/base/json.h"

#include <string>
#include <string_view>

// What more than one component asks of a pod. Plain functions of values.
namespace skiff::api {

[[nodiscard]] std::string node_name_of(const Json& pod);
// status.phase is Succeeded or Failed: its containers have ended for good.
[[nodiscard]] bool is_pod_terminated(const Json& pod);
// The condition Ready is True.
[[nodiscard]] bool is_pod_ready(const Json& pod);

// One of the container's volumeMounts has that mountPath.
[[nodiscard]] bool mounts_at(const Json& container, std::string_view path);

// "Guaranteed", "Burstable" or "BestEffort", from the cpu and memory that all containers request and are limited to.
// status.qosClass keeps what it was at creation.
[[nodiscard]] std::string compute_qos_class(const Json& pod);

}  // namespace skiff::api
