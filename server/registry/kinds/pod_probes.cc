#include "api/schema/validate.h"
#include "server/registry/kinds/pod_spec.h"

#include <algorithm>
#include <array>

namespace skiff::server {

namespace {

constexpr std::array<const char*, 5> kHandlers = {"exec", "httpGet", "tcpSocket", "grpc", "sleep"};

void validate_port(const Json& action, const std::string& path, api::FieldErrors& errors) {
  const Json* port = find(action, {"port"});
  if (port == nullptr) return;
  const std::string port_path = api::child(path, "port");
  if (port->is_string()) {
    api::schema::validate_format("iana-svc-name", port->get<std::string>(), port_path, errors);
  } else if (*port < 1 || *port > 65535) {
    errors.invalid(port_path, *port, "must be between 1 and 65535, inclusive");
  }
}

bool is_header_name(const std::string& name) {
  auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_allowed);
}

void validate_headers(const Json& action, const std::string& path, api::FieldErrors& errors) {
  for (const Json& header : elements_of(action, "httpHeaders")) {
    const std::string name = string_at(header, {"name"});
    if (is_header_name(name)) continue;
    errors.invalid(api::child(path, "httpHeaders"), name,
                   "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex "
                   "used for validation is '[-A-Za-z0-9]+')");
  }
}

void validate_sleep(const Json& action, std::int64_t grace_period, const std::string& path, api::FieldErrors& errors) {
  const std::int64_t seconds = integer_at(action, {"seconds"});
  if (seconds > 0 && seconds <= grace_period) return;
  errors.invalid(path, seconds,
                 "must be greater than 0 and less than terminationGracePeriodSeconds (" + std::to_string(grace_period) +
                     "). Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep.");
}

// Of a probe or of a life cycle hook: exactly one way to act.
void validate_handler(const Json& handler, std::int64_t grace_period, const std::string& path,
                      api::FieldErrors& errors) {
  bool found = false;
  for (const std::string_view name : kHandlers) {
    const Json* action = find(handler, {name});
    if (action == nullptr) continue;
    const std::string action_path = api::child(path, name);
    if (found) {
      errors.forbidden(action_path, "may not specify more than 1 handler type");
      continue;
    }
    found = true;
    if (name == "exec" && elements_of(*action, "command").empty()) {
      errors.required(api::child(action_path, "command"));
    }
    if (name == "httpGet" || name == "tcpSocket") validate_port(*action, action_path, errors);
    if (name == "httpGet") validate_headers(*action, action_path, errors);
    if (name == "sleep") validate_sleep(*action, grace_period, action_path, errors);
  }
  if (!found) errors.required(path, "must specify a handler type");
}

void validate_probe(const Json& probe, bool is_readiness, const std::string& path, api::FieldErrors& errors) {
  validate_handler(probe, 0, path, errors);
  const Json* grace = find(probe, {"terminationGracePeriodSeconds"});
  const std::string grace_path = api::child(path, "terminationGracePeriodSeconds");
  if (grace != nullptr && *grace <= 0) errors.invalid(grace_path, *grace, "must be greater than 0");
  if (is_readiness) {
    if (grace != nullptr) errors.invalid(grace_path, *grace, "must not be set for readinessProbes");
    return;
  }
  const std::int64_t successes = integer_at(probe, {"successThreshold"}, 1);
  if (successes != 1) errors.invalid(api::child(path, "successThreshold"), successes, "must be 1");
}

}  // namespace

void validate_probes(const Json& container, bool runs_once, std::int64_t grace_period, std::string_view path,
                     api::FieldErrors& errors) {
  for (const std::string_view name : {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"}) {
    const Json* found = find(container, {name});
    if (found == nullptr) continue;
    const std::string own_path = api::child(path, name);
    if (runs_once) {
      errors.forbidden(own_path, "may not be set for init containers without restartPolicy=Always");
    } else if (name != "lifecycle") {
      validate_probe(*found, name == "readinessProbe", own_path, errors);
    } else {
      for (const auto& [hook, handler] : found->items()) {
        validate_handler(handler, grace_period, api::child(own_path, hook), errors);
      }
    }
  }
}

}  // namespace skiff::server
