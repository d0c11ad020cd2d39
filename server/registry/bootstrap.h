#pragma once

#include "api/base/task.h"
#include "api/status.h"

#include <cstdint>
#include <optional>
#include <string>

namespace skiff::server {

class Registry;

// Where pods and other machines find the API.
struct ApiServerAddress {
  std::string service_ip;  // of the Service "kubernetes"
  // The server's own address; with a loopback one, which nobody else reaches, the Service has no endpoints.
  std::string ip;
  std::uint16_t port = 0;
};

// Makes what every cluster begins with: the namespaces default, kube-system, kube-public and kube-node-lease and in
// each the ServiceAccount "default"; with an address, also the Service "kubernetes" in default and its endpoints, which
// follow the server when its address changes. Leaves alone what else exists. To be awaited before the server says that
// it is ready.
Task<api::Result<void>> bootstrap(Registry& registry, std::optional<ApiServerAddress> address = std::nullopt);

}  // namespace skiff::server
