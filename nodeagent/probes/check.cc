#include "nodeagent/probes/check.h"

#include "api/base/text.h"

#include <algorithm>
#include <charconv>

namespace skiff::nodeagent {

namespace {

Result<std::uint16_t> port_number(const std::string& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Error{ErrorCode::kInvalid, "strconv.Atoi: parsing \"" + text + "\": invalid syntax"};
  }
  if (number <= 0 || number > 65535) return Error{ErrorCode::kInvalid, "invalid port number: " + text};
  return static_cast<std::uint16_t>(number);
}

// A number, or the name of one of the container's ports.
Result<std::uint16_t> resolve_port(const Json& action, const Json& container) {
  const Json* port = find(action, {"port"});
  if (port == nullptr) return Error{ErrorCode::kInvalid, "invalid port number: 0"};
  if (port->is_number_integer()) return port_number(std::to_string(port->get<std::int64_t>()));
  const std::string name = port->is_string() ? port->get<std::string>() : "";
  if (const Json* ports = find(container, {"ports"})) {
    for (const Json& known : *ports) {
      if (string_at(known, {"name"}) == name) return port_number(std::to_string(integer_at(known, {"containerPort"})));
    }
  }
  return port_number(name);
}

// What may not stand in a request line is escaped; escapes that are there stay.
std::string escape_path(const std::string& path) {
  std::string escaped = path.starts_with('/') ? "" : "/";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '"' && c != '<' && c != '>' && c != '#') {
      escaped += c;
      continue;
    }
    constexpr const char* kDigits = "0123456789ABCDEF";
    escaped += '%';
    escaped += kDigits[byte >> 4];
    escaped += kDigits[byte & 15];
  }
  return escaped;
}

Result<Check> make_http_check(const Json& action, const CheckTarget& target, const std::string& agent) {
  const auto port = resolve_port(action, target.container);
  if (!port) return port.error();
  std::string host = string_at(action, {"host"}, target.pod_ip);
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  HttpCheck check;
  check.url = string_at(action, {"scheme"}) == "HTTPS" ? "https://" : "http://";
  check.url += host;
  check.url += ":" + std::to_string(*port);
  check.url += escape_path(string_at(action, {"path"}, "/"));
  bool names_agent = false;
  if (const Json* headers = find(action, {"httpHeaders"})) {
    for (const Json& header : *headers) {
      check.headers.emplace_back(string_at(header, {"name"}), string_at(header, {"value"}));
      names_agent = names_agent || equal_ignoring_case(check.headers.back().first, "User-Agent");
    }
  }
  if (!names_agent) check.headers.emplace_back("User-Agent", agent);
  return Check{std::move(check)};
}

}  // namespace

Result<Check> make_check(const Json& handler, const CheckTarget& target, const std::string& agent) {
  if (const Json* exec = find(handler, {"exec"})) {
    ExecCheck check;
    check.container_id = target.container_id;
    if (const Json* command = find(*exec, {"command"})) check.command = command->get<std::vector<std::string>>();
    return Check{std::move(check)};
  }
  if (const Json* http = find(handler, {"httpGet"})) return make_http_check(*http, target, agent);
  if (const Json* tcp = find(handler, {"tcpSocket"})) {
    const auto port = resolve_port(*tcp, target.container);
    if (!port) return port.error();
    return Check{TcpCheck{string_at(*tcp, {"host"}, target.pod_ip), *port}};
  }
  if (const Json* grpc = find(handler, {"grpc"})) {
    const auto port = resolve_port(*grpc, target.container);
    if (!port) return port.error();
    return Check{GrpcCheck{target.pod_ip, *port, string_at(*grpc, {"service"})}};
  }
  return Error{ErrorCode::kInvalid, "missing probe handler"};
}

}  // namespace skiff::nodeagent
