#pragma once

#include "api/base/clock.h"
#include "api/base/task.h"
#include "nodeagent/runtime/runtime.h"
#include "nodeagent/usage/usage_history.h"

#include <functional>
#include <vector>

namespace skiff::nodeagent {

// Says what a node and its pods use, when it is asked; in between it does nothing. Who asks for the first time in a
// minute waits for a second, which is then what was measured.
// Concurrency: everything on the agent's executor; files are read on the pool.
class UsageMeter {
 public:
  // `is_simulated`: the node uses what its containers do, not what this machine does. All outlive it.
  UsageMeter(Runtime& runtime, const Clock& clock, asio::any_io_executor executor, asio::thread_pool& pool,
             bool is_simulated);

  Task<api::NodeUsage> measure();

 private:
  Task<void> take_sample();

  Runtime& runtime_;
  const Clock& clock_;
  const asio::any_io_executor executor_;
  asio::thread_pool& pool_;
  const bool is_simulated_;
  UsageHistory history_;
  bool measuring_ = false;
  std::vector<std::function<void()>> waiting_;  // who asked meanwhile
};

}  // namespace skiff::nodeagent
