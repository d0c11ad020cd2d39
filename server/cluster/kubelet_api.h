#pragma once

#include "api/node_service.h"
#include "server/http/http.h"

#include <memory>
#include <mutex>
#include <string>

namespace skiff::server {

// What an agent answers to its server over HTTPS: the part of the kubelet's API that a server asks for.
//
//   GET /containerLogs/NAMESPACE/POD/CONTAINER?follow=...   as api::NodeService::logs; errors as a Status
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
  std::shared_ptr<api::NodeService> service_;
};

// The path and query by which the server asks for logs.
[[nodiscard]] std::string container_logs_target(const api::NamespacedName& pod, const api::LogOptions& options);

}  // namespace skiff::server
