#include "server/handlers/health.h"

#include "server/handlers/responses.h"

#include <algorithm>
#include <string_view>

namespace skiff::server {
namespace {

constexpr std::string_view kEndpoints[] = {"healthz", "livez", "readyz"};

std::vector<HealthCheck> checks_of(std::string_view endpoint, const std::vector<HealthCheck>& all) {
  std::vector<HealthCheck> checks = {{"ping", false, [] { return true; }}};
  for (const HealthCheck& check : all) {
    if (endpoint == "readyz" || !check.readiness_only) checks.push_back(check);
  }
  return checks;
}

bool is_excluded(const Request& request, const std::string& name) {
  return std::any_of(request.query.begin(), request.query.end(),
                     [&](const auto& parameter) { return parameter.first == "exclude" && parameter.second == name; });
}

// Upstream never tells an unauthenticated client why.
constexpr std::string_view kFailed = " failed: reason withheld\n";

Response all_checks_response(const Request& request, const std::string& endpoint,
                             const std::vector<HealthCheck>& checks) {
  bool healthy = true;
  std::string lines;
  for (const HealthCheck& check : checks) {
    if (is_excluded(request, check.name)) {
      lines += "[+]" + check.name + " excluded: ok\n";
    } else if (check.passes()) {
      lines += "[+]" + check.name + " ok\n";
    } else {
      healthy = false;
      lines += "[-]" + check.name + std::string(kFailed);
    }
  }
  if (!healthy) return text_response(500, lines + endpoint + " check failed\n");
  if (request.query_value("verbose")) return text_response(200, lines + endpoint + " check passed\n");
  return text_response(200, "ok");
}

}  // namespace

bool is_health_path(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  const std::string_view endpoint = path.substr(0, path.find('/'));
  return std::find(std::begin(kEndpoints), std::end(kEndpoints), endpoint) != std::end(kEndpoints);
}

std::vector<std::string> health_paths(const std::vector<HealthCheck>& checks) {
  std::vector<std::string> paths;
  for (const std::string_view endpoint : kEndpoints) {
    const std::string path = "/" + std::string(endpoint);
    paths.push_back(path);
    for (const HealthCheck& check : checks_of(endpoint, checks)) paths.push_back(path + "/" + check.name);
  }
  return paths;
}

std::optional<Response> health_response(const Request& request, const std::vector<HealthCheck>& checks) {
  if (!is_health_path(request.path)) return std::nullopt;
  const std::string_view path = std::string_view(request.path).substr(1);
  const std::size_t slash = path.find('/');
  const std::string endpoint(path.substr(0, slash));

  const std::vector<HealthCheck> relevant = checks_of(endpoint, checks);
  if (slash == std::string_view::npos) return all_checks_response(request, endpoint, relevant);
  const std::string_view name = path.substr(slash + 1);
  for (const HealthCheck& check : relevant) {
    if (check.name != name) continue;
    if (check.passes()) return text_response(200, "ok");
    return text_response(500, "internal server error: reason withheld\n");
  }
  return std::nullopt;
}

}  // namespace skiff::server
