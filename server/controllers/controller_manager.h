#pragma once

#include "api/base/task.h"
#include "api/resource.h"
#include "server/controllers/context.h"

#include <memory>
#include <string>
#include <vector>

namespace skiff::controllers {

struct ControllerManagerOptions {
  // All kinds that the server serves, each in one version. The texts in them outlive the manager.
  std::vector<api::ResourceType> types;
  // Published in every namespace as kube-root-ca.crt; empty: not published.
  std::string ca_pem;
};

// All controllers of the cluster, listed in the .cc file.
//
// Operation: the constructor registers them with the informers of the context; start() starts them once the informers
// have synced (the owner of the informers starts these, and may share them with the scheduler). Concurrency: everything
// on the context's executor.
class ControllerManager {
 public:
  ControllerManager(const Context& context, ControllerManagerOptions options);
  ~ControllerManager();

  void start();
  // Stops all at the same time and returns when the last one has stopped. The informers are stopped afterwards by their
  // owner.
  Task<void> stop();

 private:
  struct Controllers;
  asio::any_io_executor executor_;
  std::unique_ptr<Controllers> controllers_;
};

}  // namespace skiff::controllers
