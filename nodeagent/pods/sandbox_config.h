#pragma once

#include "api/base/json.h"
#include "nodeagent/runtime/runtime.h"

namespace skiff::nodeagent {

// A pod's host name: spec.hostname, else its name, cut to what Linux takes.
[[nodiscard]] std::string pod_hostname(const Json& pod);

// What the runtime needs to know to make a pod's sandbox; log_directory is the caller's. `max_pids`: how many processes
// the pod may have; 0: any number. Pure.
[[nodiscard]] SandboxConfig make_sandbox_config(const Json& pod, std::uint32_t attempt, std::int64_t max_pids);

}  // namespace skiff::nodeagent
