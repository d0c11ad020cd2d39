#include "server/auth/websocket_token.h"

#include "server/auth/base64url.h"
#include "server/http/upgrade_request.h"

#include <string_view>

namespace skiff::server {

namespace {

constexpr std::string_view kBearerProtocol = "base64url.bearer.authorization.k8s.io.";

}  // namespace

api::Result<std::optional<WebSocketToken>> websocket_token(const Headers& headers) {
  std::optional<WebSocketToken> found;
  if (requested_upgrade(headers) != UpgradeKind::kWebSocket) return found;
  std::string others;
  for (const std::string& protocol : offered_protocols(headers, kWebSocketProtocolHeader)) {
    if (!protocol.starts_with(kBearerProtocol)) {
      if (!others.empty()) others += ',';
      others += protocol;
      continue;
    }
    auto token = base64url_decode(std::string_view(protocol).substr(kBearerProtocol.size()));
    if (found || !token) return api::unauthorized();
    found = WebSocketToken{std::move(*token), ""};
  }
  if (!found) return found;
  if (others.empty()) return api::unauthorized();
  found->other_protocols = std::move(others);
  return found;
}

}  // namespace skiff::server
