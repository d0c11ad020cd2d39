#pragma once

#include "api/status.h"
#include "nodeagent/pods/pod_state.h"

#include <string>

namespace skiff::nodeagent {

// Which run of a container a log request means.
struct LogTarget {
  std::string container;
  std::uint32_t attempt = 0;
  std::string container_id;
  bool running = false;
};

// kBadRequest with the kubelet's messages when there is no such run (yet). `container` may be empty for a pod of one
// container. Pure.
[[nodiscard]] api::Result<LogTarget> find_log_target(const Json& pod, const PodState& state,
                                                     const std::string& container, bool previous);

}  // namespace skiff::nodeagent
