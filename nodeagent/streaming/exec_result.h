#pragma once

#include "api/streams.h"
#include "nodeagent/runtime/runtime.h"

namespace skiff::nodeagent {

// Reads what a command says until it ends: the waiting form of an exec. kDeadlineExceeded when that takes longer than
// `timeout`; the command is killed as soon as `process` is destroyed, which the caller does.
Task<Result<ExecResult>> wait_for_result(api::ProcessStreams& process, std::chrono::seconds timeout);

}  // namespace skiff::nodeagent
