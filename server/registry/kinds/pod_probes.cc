#include "api/schema/validate.h"
#include "server/registry/kinds/pod_spec.h"

#include <array>

namespace skiff::server {

namespace {

constexpr std::array<const char*, 5> kHandlers = {"exec", "httpGet", "tcpSocket", "grpc", "sleep"};

void validate_port(const Json& port, const std::string& path, api::FieldErrors& errors) {
  if (port.is_number_integer()) {
    if (port < 1 || port > 65535) errors.invalid(path, port, "must be between 1 and 65535, inclusive");
    return;
  }
  if (!port.is_string()) return;
  for (std::string& what : api::schema::format_messages("iana-svc-name", port.get<std::string>())) {
    errors.invalid(path, port, std::move(what));
  }
}

// Of a probe or of a life cycle hook: exactly one way to act.
void validate_handler(const Json& handler, const std::string& path, api::FieldErrors& errors) {
  int given = 0;
  for (const char* name : kHandlers) {
    const Json* action = find(handler, {name});
    if (action == nullptr) continue;
    const std::string action_path = api::child(path, name);
    if (++given > 1) {
      errors.forbidden(action_path, "may not specify more than 1 handler type");
      continue;
    }
    if (std::string_view(name) == "exec") {
      const Json* command = find(*action, {"command"});
      if (command == nullptr || command->empty()) errors.required(api::child(action_path, "command"));
    } else if (const Json* port = find(*action, {"port"})) {
      if (std::string_view(name) != "grpc") validate_port(*port, api::child(action_path, "port"), errors);
    }
  }
  if (given == 0) errors.required(path, "must specify a handler type");
}

}  // namespace

void validate_probes(const Json& container, bool runs_once, std::string_view path, api::FieldErrors& errors) {
  for (const char* name : {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"}) {
    const auto found = container.find(name);
    if (found == container.end()) continue;
    const std::string own_path = api::child(path, name);
    if (runs_once) {
      errors.forbidden(own_path, "may not be set for init containers without restartPolicy=Always");
      continue;
    }
    if (std::string_view(name) == "lifecycle") {
      for (const auto& [hook, handler] : found->items()) validate_handler(handler, api::child(own_path, hook), errors);
      continue;
    }
    validate_handler(*found, own_path, errors);
    const Json successes = found->value("successThreshold", Json(1));
    if (std::string_view(name) != "readinessProbe" && successes != 1) {
      errors.invalid(api::child(own_path, "successThreshold"), successes, "must be 1");
    }
  }
}

}  // namespace skiff::server
