#pragma once

#include "api/base/task.h"
#include "nodeagent/probes/check.h"

#include <chrono>

namespace skiff::nodeagent {

// Carries checks out. Implementations: NodeChecks (for real); tests have their own.
//
// Concurrency: everything on the agent's executor; any number of checks at a time, none of which keeps others waiting.
class Checks {
 public:
  virtual ~Checks() = default;

  // Ends at `timeout` at the latest (kFailed then).
  virtual Task<CheckResult> run(Check check, std::chrono::seconds timeout) = 0;
  // Checks that run end soon, and new ones at once; what they say means nothing then.
  virtual void stop() = 0;
};

}  // namespace skiff::nodeagent
