#pragma once

#include "api/status.h"
#include "server/http/http.h"

#include <optional>
#include <string>

namespace skiff::server {

// A bearer token among the protocols that the client of a WebSocket offers, since a script in a browser can set no
// other header: "base64url.bearer.authorization.k8s.io." and the token in base64url.
struct WebSocketToken {
  std::string token;
  std::string other_protocols;  // what Sec-WebSocket-Protocol says without it
};

// Nothing when the request asks for no WebSocket or brings no token along. kUnauthorized as upstream's: two of them,
// one that is not in base64url, or no other protocol, without which there would be nothing to agree on.
[[nodiscard]] api::Result<std::optional<WebSocketToken>> websocket_token(const Headers& headers);

}  // namespace skiff::server
