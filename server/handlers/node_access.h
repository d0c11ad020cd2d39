#pragma once

#include "api/node_service.h"
#include "server/http/http.h"

#include <memory>
#include <string>
#include <string_view>

namespace skiff::server {

enum class StreamKind { kExec, kAttach, kPortForward };

// What a client asks of a pod on a connection that changes its protocol for it.
struct StreamRequest {
  StreamKind kind = StreamKind::kExec;
  api::NamespacedName pod;
  std::string container;  // exists in the pod's spec; none with kPortForward
  // The client's own, for its v1.PodExecOptions and the upgrade that it asks for: who answers may be in another
  // process.
  Request request;
};

// A node as the API server reaches it, in its own process or over the network. Thread-safe; what it gives belongs to
// the caller's executor.
class NodeAccess {
 public:
  virtual ~NodeAccess() = default;
  // As api::NodeService::logs; kServiceUnavailable or kTimeout when the node does not answer. Keep the NodeAccess
  // meanwhile.
  virtual Task<api::Result<std::unique_ptr<api::ByteStream>>> logs(api::NamespacedName pod,
                                                                   api::LogOptions options) = 0;
  // 101 with who takes the connection over, or a refusal in the kubelet's words, which is the client's to read.
  // Error: kUnknown, the node does not answer.
  virtual Task<api::Result<Response>> open_stream(StreamRequest request) = 0;
  // As api::NodeService::usage; kServiceUnavailable or kTimeout when the node does not answer.
  virtual Task<api::Result<api::NodeUsage>> usage(std::string node_name) = 0;
  // As api::NodeService::metrics, with the errors of usage().
  virtual Task<api::Result<std::string>> metrics(std::string node_name) = 0;
};

// Where the nodes are found, for what only the node of a pod can answer.
class NodeServices {
 public:
  virtual ~NodeServices() = default;
  // Null when no such node is connected. Thread-safe.
  [[nodiscard]] virtual std::shared_ptr<NodeAccess> find(std::string_view node_name) = 0;
};

// The way to a node in this process.
[[nodiscard]] std::shared_ptr<NodeAccess> make_local_access(std::shared_ptr<api::NodeService> service);

}  // namespace skiff::server
