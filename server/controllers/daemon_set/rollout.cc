#include "server/controllers/daemon_set/rollout.h"

#include "api/views/meta.h"
#include "server/controllers/int_or_percent.h"
#include "server/controllers/pods.h"

#include <algorithm>
#include <optional>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

struct PodPair {
  ObjectPtr new_pod;
  ObjectPtr old_pod;
};

// The new and the old pod of a node; nothing when there are two of a kind, which must be cleared up first.
std::optional<PodPair> pair_of(const Json& daemon_set, const std::vector<ObjectPtr>& pods, const std::string& hash) {
  PodPair pair;
  for (const ObjectPtr& pod : pods) {
    if (api::is_terminating(*pod)) continue;
    ObjectPtr& place = is_updated(daemon_set, *pod, hash) ? pair.new_pod : pair.old_pod;
    if (place) return std::nullopt;
    place = pod;
  }
  return pair;
}

template <class T>
void append_first(std::vector<T>& list, const std::vector<T>& more, int room) {
  const std::size_t count = std::min(more.size(), static_cast<std::size_t>(std::max(0, room)));
  list.insert(list.end(), more.begin(), more.begin() + static_cast<std::ptrdiff_t>(count));
}

struct Availability {
  std::chrono::seconds min_ready;
  TimePoint now;

  [[nodiscard]] bool operator()(const ObjectPtr& pod) const { return is_available(*pod, min_ready, now); }
};

// Old pods go as far as availability allows; those that are not available anyway go at once, and count. The nodes get
// their new pod when the old one is gone.
DaemonRollout replace_in_place(const Json& daemon_set, const DaemonStep& step,
                               const std::map<std::string, std::vector<ObjectPtr>>& pods, const std::string& hash,
                               const Availability& available) {
  DaemonRollout rollout;
  std::vector<ObjectPtr> candidates;
  int unavailable = 0;
  for (const auto& [node, on_node] : pods) {
    const std::optional<PodPair> pair = pair_of(daemon_set, on_node, hash);
    const bool one_of_them = pair && (pair->new_pod != nullptr) != (pair->old_pod != nullptr);
    if (!one_of_them) {
      ++unavailable;
    } else if (pair->new_pod) {
      if (!available(pair->new_pod)) ++unavailable;
    } else if (!available(pair->old_pod)) {
      rollout.remove.push_back(pair->old_pod);
      ++unavailable;
    } else {
      candidates.push_back(pair->old_pod);
    }
  }
  append_first(rollout.remove, candidates, step.max_unavailable - unavailable);
  return rollout;
}

// New pods are made beside old ones, at most max_surge at a time and at once where the old one is not available; an old
// one goes when its successor is available. Where no new one may come, an old one stays until there are as many others
// available as there should be: who surges expects that nothing is missing at any time.
DaemonRollout replace_by_surge(const Json& daemon_set, const DaemonFit& fit, const DaemonStep& step,
                               const std::map<std::string, ObjectPtr>& nodes,
                               const std::map<std::string, std::vector<ObjectPtr>>& pods, const std::string& hash,
                               const Availability& available) {
  DaemonRollout rollout;
  std::vector<std::string> candidates;
  std::vector<ObjectPtr> misplaced;
  int surging = 0;
  int available_nodes = 0;
  for (const auto& [node, on_node] : pods) {
    const std::optional<PodPair> pair = pair_of(daemon_set, on_node, hash);
    if (!pair) {
      ++surging;
      continue;
    }
    const ObjectPtr& elder = pair->old_pod ? pair->old_pod : pair->new_pod;
    if (elder && available(elder)) ++available_nodes;
    if (!pair->old_pod) continue;
    if (pair->new_pod) {
      if (available(pair->new_pod)) {
        rollout.remove.push_back(pair->old_pod);
      } else {
        ++surging;
      }
      continue;
    }
    const auto found = nodes.find(node);
    if (found == nodes.end()) continue;
    const bool should_run = fit.should_run(*found->second);
    if (available(pair->old_pod)) {
      if (should_run) {
        candidates.push_back(node);
      } else {
        misplaced.push_back(pair->old_pod);
      }
    } else if (should_run) {
      rollout.create.push_back(node);
    } else {
      rollout.remove.push_back(pair->old_pod);
    }
  }
  append_first(rollout.remove, misplaced, available_nodes - step.desired);
  append_first(rollout.create, candidates, step.max_surge - surging);
  return rollout;
}

}  // namespace

DaemonStep daemon_step(const Json& daemon_set, const DaemonFit& fit, const std::vector<ObjectPtr>& nodes) {
  DaemonStep step;
  step.is_rolling = string_at(daemon_set, {"spec", "updateStrategy", "type"}, "RollingUpdate") == "RollingUpdate";
  const Json* update = find(daemon_set, {"spec", "updateStrategy", "rollingUpdate"});
  if (!step.is_rolling || update == nullptr) return step;
  step.desired = static_cast<int>(
      std::count_if(nodes.begin(), nodes.end(), [&](const ObjectPtr& node) { return fit.should_run(*node); }));
  step.max_surge = resolve_int_or_percent(update->value("maxSurge", Json(0)), step.desired, true);
  step.max_unavailable = resolve_int_or_percent(update->value("maxUnavailable", Json(1)), step.desired, true);
  // Rounding or an empty cluster must not leave no room to move at all.
  if (step.max_surge == 0 && step.max_unavailable == 0) step.max_unavailable = 1;
  return step;
}

DaemonRollout plan_rollout(const Json& daemon_set, const DaemonFit& fit, const DaemonStep& step,
                           const std::vector<ObjectPtr>& nodes,
                           const std::map<std::string, std::vector<ObjectPtr>>& pods, const std::string& hash,
                           TimePoint now) {
  const Availability available{std::chrono::seconds(integer_at(daemon_set, {"spec", "minReadySeconds"})), now};
  if (step.max_surge == 0) return replace_in_place(daemon_set, step, pods, hash, available);
  std::map<std::string, ObjectPtr> by_name;
  for (const ObjectPtr& node : nodes) by_name[api::name_of(*node)] = node;
  return replace_by_surge(daemon_set, fit, step, by_name, pods, hash, available);
}

}  // namespace skiff::controllers
