#pragma once

#include "api/base/task.h"
#include "api/resource.h"
#include "api/status.h"
#include "api/streams.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace skiff::api {

// v1.PodLogOptions.
struct LogOptions {
  std::string container;
  bool follow = false;
  bool previous = false;
  bool timestamps = false;
  std::optional<std::int64_t> since_seconds;
  std::string since_time;  // RFC 3339
  std::optional<std::int64_t> tail_lines;
  std::optional<std::int64_t> limit_bytes;
};

// v1.PodExecOptions, also of attach, which has no command.
struct ExecOptions {
  std::string container;  // exists in the pod's spec
  std::vector<std::string> command;
  bool input = false;
  bool terminal = false;
};

// Starts what a node has prepared; the streams belong to the caller's executor. Keep the node's service meanwhile.
// Error: its message says why the process cannot be started.
using StartProcess = std::function<Task<Result<std::unique_ptr<ProcessStreams>>>()>;
// Connects to a TCP port inside of a pod; otherwise as StartProcess.
using OpenPort = std::function<Task<Result<std::unique_ptr<DuplexStream>>>(std::uint16_t port)>;

// What the API server asks of a node: upstream's kubelet API (port 10250) as an interface. Implemented by the node
// agent, called by the server's subresource handlers; in one process a direct call. Thread-safe.
class NodeService {
 public:
  virtual ~NodeService() = default;
  // kNotFound / kBadRequest with the kubelet's messages when the pod or its container is not there (yet).
  virtual Task<Result<std::unique_ptr<ByteStream>>> logs(NamespacedName pod, LogOptions options) = 0;
  // Errors with the kubelet's messages: kNotFound, there is no such pod; kInternalError, its container does not run.
  // Nothing is started yet.
  virtual Task<Result<StartProcess>> exec(NamespacedName pod, ExecOptions options) = 0;
  virtual Task<Result<StartProcess>> attach(NamespacedName pod, ExecOptions options) = 0;
  virtual Task<Result<OpenPort>> port_forward(NamespacedName pod) = 0;
};

}  // namespace skiff::api
