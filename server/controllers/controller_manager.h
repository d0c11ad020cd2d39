#pragma once

#include "api/base/task.h"
#include "api/resource.h"
#include "server/controllers/context.h"
#include "server/controllers/node_ipam/node_ipam_controller.h"
#include "server/controllers/node_lifecycle/node_lifecycle_controller.h"

#include <memory>
#include <string>
#include <vector>

namespace skiff::controllers {

struct ManagerOptions {
  // Published in every namespace as kube-root-ca.crt; empty: not published.
  std::string ca_pem;
  // All kinds that the server serves, each in one version. The texts in them outlive the manager.
  std::vector<api::ResourceType> types;
  NodeLifecycleOptions node_lifecycle;
  NodeIpamOptions node_ipam;
};

// All controllers of the cluster (they are listed in the .cc file), and the life of the informers that they share.
//
// Operation: the constructor registers the controllers with the context's informers. Others on the same executor (the
// scheduler) may share these: constructed before start() and started after it, stopped before stop().
// Concurrency: everything on the context's executor.
class ControllerManager {
 public:
  ControllerManager(const Context& context, ManagerOptions options);
  ~ControllerManager();

  // Starts the informers and, once they have synced, all controllers. False when stop() came first.
  Task<bool> start();
  // Stops the controllers, all at the same time, and then the informers.
  Task<void> stop();

 private:
  struct Controllers;
  asio::any_io_executor executor_;
  api::InformerFactory& informers_;
  bool started_ = false;
  bool stopping_ = false;
  std::unique_ptr<Controllers> controllers_;
};

}  // namespace skiff::controllers
