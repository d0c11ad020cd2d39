#pragma once

#include "api/base/json.h"
#include "nodeagent/pods/pod_state.h"

#include <string>

namespace skiff::nodeagent {

// What a pod's status says about its node.
struct NodeFacts {
  std::string host_ip;
  std::string runtime_name;  // the scheme of containerID, without "://"
};

// The pod's status (v1.PodStatus) as the kubelet reports it: phase, conditions, addresses and container statuses. Pure.
// Carries over from pod["status"] what is not the agent's: conditions of others (readiness gates), and what was
// reported about containers that the agent has no memory of. Times of transitions stay where nothing changed.
[[nodiscard]] Json make_status(const Json& pod, const PodState& state, const NodeFacts& node, TimePoint now);

}  // namespace skiff::nodeagent
