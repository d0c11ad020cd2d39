#pragma once

#include <cstdint>

namespace skiff::scheduler {

// What can happen in the cluster that may let a pod fit which did not, as a set of bits.
using ClusterEvents = std::uint32_t;
inline constexpr ClusterEvents kNodeAdded = 1U << 0;
inline constexpr ClusterEvents kNodeAllocatableChanged = 1U << 1;
inline constexpr ClusterEvents kNodeLabelsChanged = 1U << 2;
inline constexpr ClusterEvents kNodeTaintsChanged = 1U << 3;  // also spec.unschedulable
inline constexpr ClusterEvents kPodGone = 1U << 4;            // a bound pod ended or was removed
inline constexpr ClusterEvents kVolumesChanged = 1U << 5;     // claims, volumes or storage classes
inline constexpr ClusterEvents kNodeGone = 1U << 6;
inline constexpr ClusterEvents kPodAdded = 1U << 7;    // a pod was bound
inline constexpr ClusterEvents kPodChanged = 1U << 8;  // the labels of a bound pod changed, or its deletion began

}  // namespace skiff::scheduler
