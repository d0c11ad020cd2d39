#pragma once

#include "api/base/clock.h"
#include "api/base/result.h"
#include "api/base/task.h"
#include "api/client.h"
#include "api/node_service.h"
#include "nodeagent/node_presence.h"
#include "server/cli/data_directory.h"
#include "server/cli/options.h"

#include <memory>
#include <string>
#include <vector>

namespace skiff::server {

// The nodes that live in this process: one with real containers, or any number of simulated ones.
//
// Operation: open() finds out whether this machine can run containers at all; start() adopts what an earlier skiff left
// running and registers; stop() lets go of the containers, which live on. Concurrency: all agents share one thread, and
// a small pool for what blocks. Called from one coroutine.
class Nodes {
 public:
  // How they are called. kInvalid: not as a node can be called.
  [[nodiscard]] static Result<std::vector<std::string>> names(const NodeOptions& options);
  // All references outlive it. `client` is their way to the API.
  [[nodiscard]] static Result<std::unique_ptr<Nodes>> open(const NodeOptions& options, const DataDirectory& directory,
                                                           const Clock& clock, std::unique_ptr<api::Client> client,
                                                           const nodeagent::NodePresence& presence);
  virtual ~Nodes() = default;

  // What answers for all of them. May be asked until they are destroyed.
  [[nodiscard]] virtual std::shared_ptr<api::NodeService> service() = 0;
  virtual Task<Result<void>> start() = 0;
  virtual Task<void> stop() = 0;
};

// The addresses of pods that the real node of a data directory had when it last ran; "" when none did.
[[nodiscard]] std::string remembered_pod_cidr(const DataDirectory& directory);

// Removes all containers, mounts, cgroups and interfaces that the node of a data directory left. Nothing may be running
// on it. Blocks.
[[nodiscard]] Result<void> clean_node(const DataDirectory& directory);

}  // namespace skiff::server
