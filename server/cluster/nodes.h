#pragma once

#include "api/base/clock.h"
#include "api/base/result.h"
#include "api/base/task.h"
#include "server/cli/data_directory.h"
#include "server/cli/options.h"
#include "server/cluster/control_plane.h"

#include <memory>

namespace skiff::server {

// The nodes that live in this process: one with real containers, or any number of simulated ones.
//
// Operation: open() finds out whether this machine can run containers at all; start() adopts what an earlier skiff left
// running and registers; stop() lets go of the containers, which live on. Concurrency: all agents share one thread, and
// a small pool for what blocks. Called from one coroutine.
class Nodes {
 public:
  // All references outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Nodes>> open(const ServeOptions& options, const DataDirectory& directory,
                                                           const Clock& clock, ControlPlane& control_plane);
  virtual ~Nodes() = default;

  virtual Task<Result<void>> start() = 0;
  virtual Task<void> stop() = 0;
};

// Removes all containers, mounts, cgroups and interfaces that the node of a data directory left. Nothing may be running
// on it. Blocks.
[[nodiscard]] Result<void> clean_node(const DataDirectory& directory);

}  // namespace skiff::server
