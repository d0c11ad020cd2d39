#pragma once

#include "server/auth/certificate.h"
#include "server/handlers/node_access.h"

#include <memory>
#include <string_view>

namespace skiff::server {

class Registry;

// Reaches the agents of other processes and machines by what their Nodes say: address, port, and the fingerprint of the
// certificate that answers there. The server shows a certificate of its own in turn. Thread-safe.
class RemoteNodes final : public NodeServices {
 public:
  // `registry` outlives it. `identity`: the server's client certificate.
  RemoteNodes(const Registry& registry, KeyPair identity) : registry_(registry), identity_(std::move(identity)) {}

  // Null for a node that is not known, or that nobody serves.
  [[nodiscard]] std::shared_ptr<NodeAccess> find(std::string_view node_name) override;

 private:
  const Registry& registry_;
  const KeyPair identity_;
};

}  // namespace skiff::server
