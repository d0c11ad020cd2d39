#pragma once

#include "api/client/controller.h"
#include "api/client/event_recorder.h"
#include "server/controllers/context.h"

#include <functional>
#include <set>
#include <string>

namespace skiff::controllers {

struct NodeIpamOptions {
  std::string cluster_cidr = "10.244.0.0/16";
  // Nodes of the server's own process, which choose for themselves. Absent: none.
  std::function<bool(const std::string& node_name)> is_local;
};

// Gives each node that has none its part of the pod network: spec.podCIDR, a /24 (keys: the nodes' names).
//
// Operation: what is taken is read from the Nodes anew each time; one at a time, and what was given out but is not in
// the cache yet is remembered. Concurrency: see Context.
class NodeIpamController {
 public:
  NodeIpamController(const Context& context, NodeIpamOptions options);

  void start();
  Task<void> stop();

 private:
  Task<api::Result<void>> sync(std::string key);
  [[nodiscard]] std::set<std::string> taken();

  api::Client& client_;
  const NodeIpamOptions options_;
  api::Informer& nodes_;
  api::EventRecorder events_;
  std::set<std::string> given_;  // and not seen on a Node yet
  api::Controller controller_;
};

}  // namespace skiff::controllers
