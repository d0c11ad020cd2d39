#pragma once

#include "scheduler/framework.h"

// What a pod asks for must be left on the node (upstream's plugin NodeResourcesFit).
namespace skiff::scheduler {

// Names everything that is missing: "Too many pods", "Insufficient cpu", ...
[[nodiscard]] Verdict fits_resources(const PodInfo& pod, const NodeInfo& node);

}  // namespace skiff::scheduler
