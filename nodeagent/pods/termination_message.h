#pragma once

#include "api/base/json.h"
#include "nodeagent/runtime/runtime.h"
#include "nodeagent/volumes/pod_files.h"

#include <string>

namespace skiff::nodeagent {

// status...terminated.message of a run that has ended: what the container wrote to its terminationMessagePath or, where
// terminationMessagePolicy is FallbackToLogsOnError, it failed and wrote nothing, the end of its log (80 lines, 2048
// bytes). All messages of a pod together are at most 12 KiB. Blocks.
[[nodiscard]] std::string read_termination_message(const PodFiles& files, const Json& pod, const ContainerStatus& run);

}  // namespace skiff::nodeagent
