#include "server/handlers/switch_protocol.h"

#include "server/handlers/responses.h"
#include "server/http/upgrade_request.h"
#include "server/streaming/websocket.h"

namespace skiff::server {
namespace {

Response switch_protocol(const char* protocol, std::unique_ptr<Upgrade> upgrade) {
  Response response;
  response.status = 101;
  response.headers.set("Connection", "Upgrade");
  response.headers.set("Upgrade", protocol);
  response.upgrade = std::move(upgrade);
  return response;
}

}  // namespace

Response switch_to_spdy(const std::string& protocol, std::unique_ptr<Upgrade> upgrade) {
  Response response = switch_protocol("SPDY/3.1", std::move(upgrade));
  if (!protocol.empty()) response.headers.set(kSpdyProtocolHeader, protocol);
  return response;
}

Response switch_to_websocket(const Headers& request, const std::string& protocol, std::unique_ptr<Upgrade> upgrade) {
  const std::string key = request.get("Sec-WebSocket-Key");
  if (key.empty() || request.get("Sec-WebSocket-Version") != "13") {
    Response refused = text_response(400, "a Sec-WebSocket-Key and Sec-WebSocket-Version 13 are needed");
    refused.headers.set("Sec-WebSocket-Version", "13");
    return refused;
  }
  Response response = switch_protocol("websocket", std::move(upgrade));
  response.headers.set("Sec-WebSocket-Accept", websocket_accept(key));
  if (!protocol.empty()) response.headers.set(kWebSocketProtocolHeader, protocol);
  return response;
}

}  // namespace skiff::server
