#pragma once

#include "api/node_service.h"
#include "server/handlers/node_access.h"
#include "server/http/http.h"

#include <memory>
#include <mutex>
#include <string>

namespace skiff::server {

// What an agent answers to its server over HTTPS: the part of the kubelet's API that a server asks for.
//
//   GET /containerLogs/NAMESPACE/POD/CONTAINER?follow=...   as NodeAccess::logs; errors as a Status
//   GET or POST /exec/NAMESPACE/POD/CONTAINER?command=...   as NodeAccess::open_stream, with the client's own query and
//               /attach/NAMESPACE/POD/CONTAINER?stdin=...   upgrade: SPDY and WebSockets end here
//               /portForward/NAMESPACE/POD
//   GET /usage/NODE                                         as NodeAccess::usage, in a JSON of our own
//   GET /metrics/NODE                                       as NodeAccess::metrics
//   GET /healthz                                            ok
//
// Only for who shows a client certificate of the group system:masters, as the server does; others get 401.
class KubeletApi final : public Handler {
 public:
  // What is asked; until then all is 503. Thread-safe.
  void set_service(std::shared_ptr<api::NodeService> service);

  Task<Response> handle(Request request) override;

 private:
  std::mutex mutex_;
  std::shared_ptr<NodeAccess> node_;
};

// The path and query by which the server asks for logs, and for streams.
[[nodiscard]] std::string container_logs_target(const api::NamespacedName& pod, const api::LogOptions& options);
[[nodiscard]] std::string stream_target(const StreamRequest& asked);
[[nodiscard]] std::string usage_target(const std::string& node_name);
[[nodiscard]] std::string metrics_target(const std::string& node_name);
// The answer about usage. kInternalError when it is none.
[[nodiscard]] api::Result<api::NodeUsage> parse_usage(const std::string& text);

}  // namespace skiff::server
