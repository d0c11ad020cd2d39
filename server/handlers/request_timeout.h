#pragma once

#include "api/status.h"
#include "server/http/http.h"

#include <chrono>

namespace skiff::server {

// How long an ordinary request may take, however long its client would wait (upstream's --request-timeout).
inline constexpr std::chrono::seconds kMaxRequestTime{60};

// How long a request may take: its parameter `timeout` ("5s"), where that is shorter than the maximum and not 0.
// kBadRequest for a text that is no duration.
[[nodiscard]] api::Result<std::chrono::nanoseconds> request_time(const Request& request);

}  // namespace skiff::server
