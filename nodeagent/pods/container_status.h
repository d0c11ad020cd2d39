#pragma once

#include "api/base/json.h"
#include "nodeagent/pods/pod_state.h"

#include <string>

namespace skiff::nodeagent {

// The v1.ContainerStatus of each container in `containers` (the pod's containers or init containers), in their order.
// Pure. `runtime_name` is the scheme of containerID ("skiff").
[[nodiscard]] Json make_container_statuses(const Json& pod, const Json& containers, const PodState& state,
                                           const std::string& runtime_name);

}  // namespace skiff::nodeagent
