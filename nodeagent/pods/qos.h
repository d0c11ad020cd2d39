#pragma once

#include "api/base/json.h"
#include "nodeagent/pods/node_capacity.h"
#include "nodeagent/runtime/runtime.h"

#include <cstdint>

// From what a pod asks for to what the kernel is told. All pure.
namespace skiff::nodeagent {

// The pod's cgroup: "besteffort/pod<uid>", "burstable/pod<uid>" or "pod<uid>" below the agent's root. It has a share of
// the processors by all that the pod requests, and limits where every container states them: a container without one
// must not be held to those of the others. `max_pids`: how many processes the pod may have; 0: any number.
[[nodiscard]] PodCgroup make_pod_cgroup(const Json& pod, std::int64_t max_pids);

// A container's own limits.
[[nodiscard]] Resources make_resources(const Json& container);

// A container's place in the order of OOM kills, which depends on the pod's class.
[[nodiscard]] int oom_score(const Json& pod, const Json& container, const NodeCapacity& capacity);

}  // namespace skiff::nodeagent
