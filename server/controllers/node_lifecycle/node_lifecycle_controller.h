#pragma once

#include "api/client/controller.h"
#include "api/client/event_recorder.h"
#include "server/controllers/context.h"

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace skiff::controllers {

struct NodeLifecycleOptions {
  // How long nothing may be heard of a node before it counts as lost (--node-monitor-grace-period).
  std::chrono::nanoseconds grace_period = std::chrono::seconds(40);
  // Nodes of the server's own process, which need no heartbeat: they live and die with it. Absent: none.
  std::function<bool(const std::string& node_name)> is_local;
};

// Watches over the nodes (keys: their names): who falls silent becomes Unknown, nodes get the taints that their
// conditions mean, and pods on nodes that are not ready are not ready. (Which pods then have to go is TaintEviction's
// business.)
//
// Operation: a renewed Lease in kube-node-lease or a newer heartbeat in the Node counts as a sign of life, by our
// clock; after a restart every node gets the whole grace period. A timer is armed only for nodes that must send
// heartbeats, once per grace period for each. While no node at all is ready, nobody is driven away: then it is probably
// we who are cut off. Concurrency: see Context. It will not: limit the rate at which nodes are given up, or look at
// zones.
class NodeLifecycleController {
 public:
  static constexpr std::size_t kWorkers = 8;
  // For a node whose agent has never said anything (--node-startup-grace-period upstream).
  static constexpr std::chrono::seconds kStartupGracePeriod{60};

  NodeLifecycleController(const Context& context, NodeLifecycleOptions options);

  void start();
  Task<void> stop();

 private:
  void follow_nodes();
  void follow_leases();
  void follow_pods();
  void on_node(const api::ObjectPtr& old_node, const api::ObjectPtr& node);
  void heard_of(const std::string& node_name);
  // Keeps alive_ right.
  void set_ready(const std::string& node_name, bool ready);
  // Until when a node counts as alive.
  [[nodiscard]] TimePoint alive_until(const std::string& node_name) const;
  [[nodiscard]] bool is_local(const std::string& name) const { return options_.is_local && options_.is_local(name); }
  // Until the node counts as lost; negative when it is overdue.
  [[nodiscard]] std::chrono::nanoseconds time_left(const Json& node) const;
  [[nodiscard]] bool is_any_node_ready() const;

  Task<api::Result<void>> sync(std::string key);
  // The node as it stands after its silence has been judged.
  Task<api::Result<api::ObjectPtr>> judge(api::ObjectPtr node);
  Task<api::Result<void>> set_taints(api::ObjectPtr node);
  Task<api::Result<void>> mark_pods_not_ready(std::string node_name);

  api::Client& client_;
  const Clock& clock_;
  const NodeLifecycleOptions options_;
  api::Informer& nodes_;
  api::Informer& leases_;
  api::Informer& pods_;
  api::EventRecorder events_;
  std::unordered_map<std::string, TimePoint> last_heard_;  // by node name
  // Nodes that are Ready, by how long they count as alive: the last one tells whether there is any.
  std::set<std::pair<TimePoint, std::string>> alive_;
  api::Controller controller_;
};

}  // namespace skiff::controllers
