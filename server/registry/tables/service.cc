#include "server/registry/tables/cells.h"
#include "server/registry/tables/tables.h"

#include <set>

// Services, what is behind them, and disruption budgets.
namespace skiff::server {

namespace {

// How many endpoints or ports a cell names before it only counts.
constexpr std::size_t kMaxShown = 3;

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

std::vector<std::string> texts(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* list = find(object, path);
  return list == nullptr ? std::vector<std::string>() : list->get<std::vector<std::string>>();
}

const Json& list_at(const Json& object, const char* name) {
  static const Json none = Json::array();
  const Json* list = find(object, {name});
  return list == nullptr || !list->is_array() ? none : *list;
}

// What is too long is only counted, as upstream's printers do.
std::string shortened(const std::vector<std::string>& parts, const char* when_empty) {
  if (parts.empty()) return when_empty;
  if (parts.size() <= kMaxShown) return join(parts);
  const std::vector<std::string> shown(parts.begin(), parts.begin() + kMaxShown);
  return join(shown) + " + " + std::to_string(parts.size() - kMaxShown) + " more...";
}

std::string load_balancer_addresses(const Json& service) {
  std::set<std::string> addresses;
  const Json* ingress = find(service, {"status", "loadBalancer", "ingress"});
  if (ingress == nullptr) return "";
  for (const Json& address : *ingress) {
    const std::string ip = string_at(address, {"ip"});
    addresses.insert(ip.empty() ? string_at(address, {"hostname"}) : ip);
  }
  addresses.erase("");
  return join({addresses.begin(), addresses.end()});
}

std::string external_ip(const Json& service) {
  const std::string type = string_at(service, {"spec", "type"});
  const std::string external = join(texts(service, {"spec", "externalIPs"}));
  if (type == "ExternalName") return string_at(service, {"spec", "externalName"});
  if (type != "LoadBalancer") return or_none(external);
  const std::string balancer = load_balancer_addresses(service);
  if (balancer.empty() && external.empty()) return "<pending>";
  return balancer.empty() || external.empty() ? balancer + external : balancer + "," + external;
}

std::string service_ports(const Json& service) {
  std::vector<std::string> parts;
  for (const Json& port : list_at(service.at("spec"), "ports")) {
    std::string part = std::to_string(integer_at(port, {"port"}));
    if (const std::int64_t node_port = integer_at(port, {"nodePort"}); node_port > 0) {
      part += ":" + std::to_string(node_port);
    }
    parts.push_back(part + "/" + string_at(port, {"protocol"}));
  }
  return or_none(join(parts));
}

std::string selector_text(const Json& service) {
  std::vector<std::string> parts;
  if (const Json* selector = find(service, {"spec", "selector"})) {
    for (const auto& [name, value] : selector->items()) parts.push_back(name + "=" + value.get<std::string>());
  }
  return or_none(join(parts));
}

std::vector<Json> service_row(const Json& service, TimePoint now) {
  const std::vector<std::string> ips = texts(service, {"spec", "clusterIPs"});
  return {name_cell(service),
          string_at(service, {"spec", "type"}),
          ips.empty() ? "<none>" : ips.front(),
          external_ip(service),
          service_ports(service),
          age_cell(service, now),
          selector_text(service)};
}

std::string host_port(const std::string& ip, std::int64_t port) {
  const bool is_v6 = ip.find(':') != std::string::npos;
  return (is_v6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port);
}

std::vector<Json> endpoints_row(const Json& endpoints, TimePoint now) {
  std::vector<std::string> parts;
  for (const Json& subset : list_at(endpoints, "subsets")) {
    const Json& addresses = list_at(subset, "addresses");
    const Json& ports = list_at(subset, "ports");
    for (const Json& port : ports) {
      for (const Json& address : addresses) {
        parts.push_back(host_port(string_at(address, {"ip"}), integer_at(port, {"port"})));
      }
    }
    if (!ports.empty()) continue;
    // A headless service may have no ports.
    for (const Json& address : addresses) parts.push_back(string_at(address, {"ip"}));
  }
  const bool has_subsets = !list_at(endpoints, "subsets").empty();
  return {name_cell(endpoints), shortened(parts, has_subsets ? "" : "<none>"), age_cell(endpoints, now)};
}

std::vector<Json> endpoint_slice_row(const Json& slice, TimePoint now) {
  std::vector<std::string> ports;
  for (const Json& port : list_at(slice, "ports")) {
    const Json* number = find(port, {"port"});
    const std::string name = string_at(port, {"name"}, "*");
    ports.push_back(number != nullptr ? std::to_string(number->get<std::int64_t>()) : name);
  }
  std::vector<std::string> addresses;
  for (const Json& endpoint : list_at(slice, "endpoints")) {
    for (std::string& address : texts(endpoint, {"addresses"})) addresses.push_back(std::move(address));
  }
  return {name_cell(slice), string_at(slice, {"addressType"}), shortened(ports, "<unset>"),
          shortened(addresses, "<unset>"), age_cell(slice, now)};
}

// "2", "50%", or "N/A" when the budget is not given that way.
Json amount_cell(const Json& budget, const char* name) {
  const Json* amount = find(budget, {"spec", name});
  if (amount == nullptr) return "N/A";
  return amount->is_string() ? *amount : Json(to_json_text(*amount));
}

std::vector<Json> pod_disruption_budget_row(const Json& budget, TimePoint now) {
  return {name_cell(budget), amount_cell(budget, "minAvailable"), amount_cell(budget, "maxUnavailable"),
          integer_at(budget, {"status", "disruptionsAllowed"}), age_cell(budget, now)};
}

}  // namespace

TableSpec service_table() {
  return TableSpec{{name_column(), column("Type", "How the service is reached."),
                    column("Cluster-IP", "Address inside the cluster."),
                    column("External-IP", "Addresses or name outside of the cluster."),
                    column("Port(s)", "Ports, with those of the nodes that lead there."), age_column(),
                    wide_column("Selector", "Labels of the pods behind it.")},
                   service_row};
}

TableSpec endpoints_table() {
  return TableSpec{{name_column(), column("Endpoints", "Addresses and ports that are ready."), age_column()},
                   endpoints_row};
}

TableSpec endpoint_slice_table() {
  return TableSpec{
      {name_column(), column("AddressType", "What the addresses are."), column("Ports", "Ports of the endpoints."),
       column("Endpoints", "Addresses of the endpoints."), age_column()},
      endpoint_slice_row};
}

TableSpec pod_disruption_budget_table() {
  TableColumn allowed = column("Allowed Disruptions", "Evictions allowed now.");
  allowed.type = "integer";
  return TableSpec{{name_column(), column("Min Available", "Pods that must stay available."),
                    column("Max Unavailable", "Pods that may be unavailable."), allowed, age_column()},
                   pod_disruption_budget_row};
}

}  // namespace skiff::server
