#pragma once

#include "server/http/http.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// How a client asks for another protocol on its connection.
namespace skiff::server {

enum class UpgradeKind { kNone, kSpdy, kWebSocket };

[[nodiscard]] UpgradeKind requested_upgrade(const Headers& headers);

inline constexpr std::string_view kSpdyProtocolHeader = "X-Stream-Protocol-Version";
inline constexpr std::string_view kWebSocketProtocolHeader = "Sec-WebSocket-Protocol";

// The protocols that the client speaks inside of the new one, its favourite first.
[[nodiscard]] std::vector<std::string> offered_protocols(const Headers& headers, std::string_view header);

using Protocols = std::span<const std::string_view>;

// The client's favourite of those that we speak. "" when it offers none at all, as the oldest clients do. Nothing when
// there is none in common.
[[nodiscard]] std::optional<std::string> negotiate(const std::vector<std::string>& offered, Protocols spoken);

}  // namespace skiff::server
