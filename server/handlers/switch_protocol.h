#pragma once

#include "server/http/http.h"

#include <memory>
#include <string>

namespace skiff::server {

// "101 Switching Protocols": `upgrade` takes the connection over. `protocol` is what is spoken inside of the new one,
// as negotiated; "" when nothing was.
[[nodiscard]] Response switch_to_spdy(const std::string& protocol, std::unique_ptr<Upgrade> upgrade);
// `request` has what the handshake needs; 400 when it does not.
[[nodiscard]] Response switch_to_websocket(const Headers& request, const std::string& protocol,
                                           std::unique_ptr<Upgrade> upgrade);

}  // namespace skiff::server
