#pragma once

#include "api/base/clock.h"
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

// What is used, on average over a window of time; memory: at its end, without what can be taken back at once.
struct ContainerUsage {
  std::string name;
  std::int64_t cpu_nanocores = 0;
  std::int64_t memory_bytes = 0;
};
struct PodUsage {
  NamespacedName pod;
  std::vector<ContainerUsage> containers;
};
struct NodeUsage {
  TimePoint time;                      // the window's end
  std::chrono::nanoseconds window{0};  // 0: nothing can be said yet
  std::int64_t cpu_nanocores = 0;      // of the whole node
  std::int64_t memory_bytes = 0;
  std::vector<PodUsage> pods;  // those whose containers have all run for the whole window
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
  // May take a second. `node_name`: one process may have many nodes. kNotFound: none of that name is here.
  virtual Task<Result<NodeUsage>> usage(std::string node_name) = 0;
  // What the node counts and times of its own work, in Prometheus' text format. kNotFound as above.
  virtual Task<Result<std::string>> metrics(std::string node_name) = 0;
};

}  // namespace skiff::api
