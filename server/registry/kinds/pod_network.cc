#include "api/go_syntax.h"
#include "api/schema/validate.h"
#include "server/registry/kinds/pod_spec.h"

namespace skiff::server {

namespace {

constexpr std::size_t kMaxNameServers = 3;
constexpr std::size_t kMaxSearchPaths = 32;
constexpr std::size_t kMaxSearchBytes = 2048;

void validate_searches(const Json& config, const std::string& path, api::FieldErrors& errors) {
  const Json& searches = elements_of(config, "searches");
  const std::string list_path = api::child(path, "searches");
  if (searches.size() > kMaxSearchPaths) {
    errors.invalid_as(list_path, api::go_string_list(searches),
                      "must not have more than " + std::to_string(kMaxSearchPaths) + " search paths");
  }
  std::size_t bytes = searches.empty() ? 0 : searches.size() - 1;
  for (const Json& search : searches) bytes += search.get_ref<const std::string&>().size();
  if (bytes > kMaxSearchBytes) {
    errors.invalid_as(list_path, api::go_string_list(searches),
                      "must not have more than " + std::to_string(kMaxSearchBytes) +
                          " characters (including spaces) in the search list");
  }
  for_each_element(config, "searches", path, [&](const Json& search, const std::string& own_path) {
    std::string domain = search.get<std::string>();
    if (domain.ends_with('.')) domain.pop_back();
    api::schema::validate_format("dns1123-subdomain", domain, own_path, errors);
  });
}

void validate_dns(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  const Json* config = find(spec, {"dnsConfig"});
  const std::string own_path = api::child(path, "dnsConfig");
  const bool needs_servers = string_at(spec, {"dnsPolicy"}) == "None";
  if (config == nullptr) {
    if (needs_servers) errors.required(own_path, "must provide `dnsConfig` when `dnsPolicy` is None");
    return;
  }
  const Json& servers = elements_of(*config, "nameservers");
  const std::string servers_path = api::child(own_path, "nameservers");
  if (needs_servers && servers.empty()) {
    return errors.required(servers_path, "must provide at least one DNS nameserver when `dnsPolicy` is None");
  }
  if (servers.size() > kMaxNameServers) {
    errors.invalid_as(servers_path, api::go_string_list(servers),
                      "must not have more than " + std::to_string(kMaxNameServers) + " nameservers");
  }
  for_each_element(*config, "nameservers", own_path, [&](const Json& server, const std::string& server_path) {
    api::schema::validate_format("ip", server.get<std::string>(), server_path, errors);
  });
  validate_searches(*config, own_path, errors);
  for_each_element(*config, "options", own_path, [&](const Json& option, const std::string& option_path) {
    if (string_at(option, {"name"}).empty()) errors.required(option_path, "must not be empty");
  });
}

void validate_host_aliases(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  for_each_element(spec, "hostAliases", path, [&](const Json& alias, const std::string& own_path) {
    for_each_element(alias, "hostnames", own_path, [&](const Json& name, const std::string& name_path) {
      api::schema::validate_format("dns1123-subdomain", name.get<std::string>(), name_path, errors);
    });
  });
}

// On the node's network, a container's port is the node's. In a template it may stay open: the pods' strategy fills it
// in.
void validate_node_ports(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  if (!bool_at(spec, {"hostNetwork"})) return;
  for_each_element(spec, "containers", path, [&](const Json& container, const std::string& own_path) {
    for_each_element(container, "ports", own_path, [&](const Json& port, const std::string& port_path) {
      const std::int64_t host_port = integer_at(port, {"hostPort"});
      if (host_port == 0 || host_port == integer_at(port, {"containerPort"})) return;
      errors.invalid(api::child(port_path, "hostPort"), host_port,
                     "must match `containerPort` when `hostNetwork` is true");
    });
  });
}

}  // namespace

void validate_network(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  validate_dns(spec, path, errors);
  validate_host_aliases(spec, path, errors);
  validate_node_ports(spec, path, errors);
}

}  // namespace skiff::server
