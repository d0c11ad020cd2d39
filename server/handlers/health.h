#pragma once

#include "server/http/http.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::server {

// One thing that must be well. `passes` is called from connections' threads, so it must be thread-safe and not wait.
struct HealthCheck {
  std::string name;  // "etcd"
  // Only readiness hangs on it: the server lives without it.
  bool readiness_only = false;
  std::function<bool()> passes;
};

// A path of a whole or of a check.
[[nodiscard]] bool is_health_path(std::string_view path);
// All of them: "/livez", "/livez/ping", ...
[[nodiscard]] std::vector<std::string> health_paths(const std::vector<HealthCheck>& checks);

// /livez, /readyz and /healthz, as a whole ("ok", or a line per check with ?verbose or when one fails) and per check
// (/livez/ping). The check "ping" always passes. Nothing when the path is none of these.
[[nodiscard]] std::optional<Response> health_response(const Request& request, const std::vector<HealthCheck>& checks);

}  // namespace skiff::server
