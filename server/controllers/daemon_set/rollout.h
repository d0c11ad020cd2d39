#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "server/controllers/daemon_set/daemon_pod.h"

#include <map>
#include <string>
#include <vector>

// The next step of a DaemonSet's rolling update: which old pods go, and which nodes get a new one beside the old. Pure
// functions of values.
namespace skiff::controllers {

// How many nodes a rolling update may touch: percentages resolved for those that should run a pod.
struct DaemonStep {
  bool is_rolling = false;  // not OnDelete
  int desired = 0;          // nodes that should run a pod
  int max_surge = 0;
  int max_unavailable = 0;
};
[[nodiscard]] DaemonStep daemon_step(const Json& daemon_set, const DaemonFit& fit,
                                     const std::vector<api::ObjectPtr>& nodes);

struct DaemonRollout {
  std::vector<std::string> create;
  std::vector<api::ObjectPtr> remove;
};
[[nodiscard]] DaemonRollout plan_rollout(const Json& daemon_set, const DaemonFit& fit, const DaemonStep& step,
                                         const std::vector<api::ObjectPtr>& nodes,
                                         const std::map<std::string, std::vector<api::ObjectPtr>>& pods,
                                         const std::string& hash, TimePoint now);

}  // namespace skiff::controllers
