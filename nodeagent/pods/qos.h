#pragma once

#include "api/base/json.h"
#include "nodeagent/pods/node_capacity.h"
#include "nodeagent/runtime/runtime.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace skiff::nodeagent {

// The pod's place in the tree of cgroups below the agent's root: "besteffort/pod<uid>", "burstable/pod<uid>",
// "pod<uid>".
[[nodiscard]] std::string cgroup_parent(const Json& pod);

// A container's limits as the kernel takes them, and its place in the order of OOM kills, which depends on the pod's
// class. Pure.
[[nodiscard]] Resources make_resources(const Json& pod, const Json& container, const NodeCapacity& capacity);

}  // namespace skiff::nodeagent
