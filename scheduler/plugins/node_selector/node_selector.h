#pragma once

#include "scheduler/framework.h"

// spec.nodeSelector and spec.affinity.nodeAffinity (upstream's plugin NodeAffinity).
namespace skiff::scheduler {

[[nodiscard]] bool requires_certain_nodes(const PodInfo& pod);
[[nodiscard]] Verdict fits_node_selector(const PodInfo& pod, const NodeInfo& node);

[[nodiscard]] bool prefers_certain_nodes(const PodInfo& pod);
// The weights of the preferred terms that match.
[[nodiscard]] std::int64_t score_node_preference(const PodInfo& pod, const NodeInfo& node);

}  // namespace skiff::scheduler
