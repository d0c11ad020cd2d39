#pragma once

#include "api/base/task.h"
#include "api/resource.h"
#include "api/status.h"
#include "api/streams.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

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

// What the API server asks of a node: upstream's kubelet API (port 10250) as an interface. Implemented by the node
// agent, called by the server's subresource handlers; in one process a direct call. Thread-safe.
class NodeService {
 public:
  virtual ~NodeService() = default;
  // kNotFound / kBadRequest with the kubelet's messages when the pod or its container is not there (yet).
  virtual Task<Result<std::unique_ptr<ByteStream>>> logs(NamespacedName pod, LogOptions options) = 0;
};

}  // namespace skiff::api
