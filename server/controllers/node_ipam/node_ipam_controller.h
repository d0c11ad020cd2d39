#pragma once

#include "api/client/controller.h"
#include "api/client/event_recorder.h"
#include "server/controllers/context.h"
#include "server/controllers/node_ipam/pod_cidrs.h"

#include <functional>
#include <string>
#include <unordered_map>

namespace skiff::controllers {

struct NodeIpamOptions {
  std::string cluster_cidr = "10.244.0.0/16";
  // Nodes of the server's own process, which choose for themselves. Absent: none.
  std::function<bool(const std::string& node_name)> is_local;
};

// Gives each node that has none its part of the pod network: spec.podCIDR, a /24 (keys: the nodes' names).
//
// Operation: what is taken is counted as Nodes come, change and go; what was given out and is not on its Node yet
// counts as well. Concurrency: see Context.
class NodeIpamController {
 public:
  NodeIpamController(const Context& context, NodeIpamOptions options);

  void start();
  Task<void> stop();

 private:
  Task<api::Result<void>> sync(std::string key);
  void on_node(const api::ObjectPtr& node);
  // The Node has this network now, or (empty) none any more.
  void observe(const std::string& node, const std::string& cidr);
  // What was given to it need not be remembered any more.
  void take_back(const std::string& node);

  api::Client& client_;
  const NodeIpamOptions options_;
  api::Informer& nodes_;
  api::EventRecorder events_;
  PodCidrs cidrs_;
  std::unordered_map<std::string, std::string> seen_;   // by node: what is taken for it
  std::unordered_map<std::string, std::string> given_;  // likewise, and not seen on the Node yet
  api::Controller controller_;
};

}  // namespace skiff::controllers
