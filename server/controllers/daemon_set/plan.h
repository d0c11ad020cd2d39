#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "server/controllers/daemon_set/failed_pod_backoff.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

// What one sync of a DaemonSet does, as pure functions of values; daemon_set_controller.h carries it out.
namespace skiff::controllers {

// The pods of a DaemonSet by the node that they run on or were made for.
using DaemonPods = std::map<std::string, std::vector<api::ObjectPtr>>;
// Without those that have ended and are being deleted: nobody has anything to do with these any more.
[[nodiscard]] DaemonPods by_target_node(const std::vector<api::ObjectPtr>& pods);

// At most so many pods are made, and as many removed, by one sync.
inline constexpr std::size_t kBurstDaemons = 250;

struct DaemonPlan {
  std::vector<std::string> create;  // nodes that get a pod
  std::vector<api::ObjectPtr> remove;
  // Of the ones to remove those that have ended by themselves.
  std::vector<api::ObjectPtr> failed;
  std::vector<api::ObjectPtr> succeeded;
  // A failed pod stays until then.
  std::optional<TimePoint> check_again_at;
};

// One pod for each node that should have one, none elsewhere; and when that is so, the next step of a rolling update.
// `hash` is that of the present template's ControllerRevision.
[[nodiscard]] DaemonPlan plan_daemon_set(const Json& daemon_set, const std::vector<api::ObjectPtr>& nodes,
                                         const DaemonPods& pods, const std::string& hash,
                                         const FailedPodBackoff& backoff, TimePoint now);

struct DaemonStatus {
  Json status;
  // When the next pod becomes available by passing minReadySeconds, if one waits for that.
  std::optional<TimePoint> next_available;
};
// `has_acted`: the DaemonSet's present generation has been dealt with and not only counted.
[[nodiscard]] DaemonStatus daemon_set_status(const Json& daemon_set, const std::vector<api::ObjectPtr>& nodes,
                                             const DaemonPods& pods, const std::string& hash, bool has_acted,
                                             TimePoint now);

}  // namespace skiff::controllers
