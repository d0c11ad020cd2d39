#pragma once

#include "scheduler/cluster_events.h"
#include "scheduler/node_info.h"
#include "scheduler/pod_info.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// What a scheduler plugin is: pure functions of a pod and a node, gathered in plugins/plugins.cc. A new plugin is one
// folder with its function, one line in that list and one table test. One that depends on pods of other nodes is a
// TopologyPlugin; one that has to know still more (VolumeBinding) makes its filter for each decision.
namespace skiff::scheduler {

// Whether a pod may run on a node.
struct Verdict {
  enum class Kind {
    kFits,
    kNo,      // not now: less running there could change that
    kNever,   // whatever else runs there
    kBroken,  // it could not be found out; the pod is tried again
  };
  Kind kind = Kind::kFits;
  // Why not, in upstream's words ("Insufficient cpu"); counted over all nodes for the user.
  std::vector<std::string> reasons;

  [[nodiscard]] bool fits() const { return kind == Kind::kFits; }
  [[nodiscard]] static Verdict yes() { return {}; }
  [[nodiscard]] static Verdict no(std::vector<std::string> reasons) { return {Kind::kNo, std::move(reasons)}; }
  [[nodiscard]] static Verdict never(std::string reason) { return {Kind::kNever, {std::move(reason)}}; }
  [[nodiscard]] static Verdict broken(std::string message) { return {Kind::kBroken, {std::move(message)}}; }
};

struct FilterPlugin {
  std::string_view name;
  // False: the plugin has nothing to say about this pod, on no node.
  bool (*concerns)(const PodInfo& pod);
  std::function<Verdict(const PodInfo& pod, const NodeInfo& node)> filter;
  // What may change a "no" into a "yes".
  ClusterEvents events;
};

inline constexpr std::int64_t kMaxScore = 100;

struct ScorePlugin {
  // How raw scores of all candidates become scores of 0..kMaxScore.
  enum class Scale {
    kAsIs,
    kBest,   // in proportion to the highest
    kLeast,  // likewise, and the lowest is best
  };
  std::string_view name;
  std::int64_t weight;
  bool (*concerns)(const PodInfo& pod);
  std::int64_t (*score)(const PodInfo& pod, const NodeInfo& node);
  Scale scale;
};

// In the order in which they are asked; the first that says no decides.
[[nodiscard]] const std::vector<FilterPlugin>& filter_plugins();
[[nodiscard]] const std::vector<ScorePlugin>& score_plugins();

}  // namespace skiff::scheduler
