#include "api/selector.h"
#include "server/registry/tables/cells.h"
#include "server/registry/tables/tables.h"

#include <set>

namespace skiff::server {

namespace {

constexpr std::size_t kMaxHosts = 3;

// "a.com,b.com,c.com + 2 more...".
std::string hosts_cell(const Json& object) {
  const Json* rules = find(object, {"spec", "rules"});
  std::string text;
  std::size_t shown = 0;
  for (std::size_t i = 0; rules != nullptr && i < rules->size(); ++i) {
    if (shown == kMaxHosts) return text + " + " + std::to_string(rules->size() - kMaxHosts) + " more...";
    const std::string host = string_at((*rules)[i], {"host"});
    if (host.empty()) continue;
    text += (shown++ == 0 ? "" : ",") + host;
  }
  return text.empty() ? "*" : text;
}

std::string addresses_cell(const Json& object) {
  const Json* ingress = find(object, {"status", "loadBalancer", "ingress"});
  if (ingress == nullptr) return "";
  std::set<std::string> addresses;
  for (const Json& each : *ingress) {
    const std::string ip = string_at(each, {"ip"});
    const std::string address = ip.empty() ? string_at(each, {"hostname"}) : ip;
    if (!address.empty()) addresses.insert(address);
  }
  std::string text;
  for (const std::string& address : addresses) text += (text.empty() ? "" : ",") + address;
  return text;
}

std::vector<Json> ingress_row(const Json& object, TimePoint now) {
  const Json* tls = find(object, {"spec", "tls"});
  return {name_cell(object),
          string_at(object, {"spec", "ingressClassName"}, "<none>"),
          hosts_cell(object),
          addresses_cell(object),
          tls == nullptr ? "80" : "80, 443",
          age_cell(object, now)};
}

// "Kind.group/name".
std::string parameters_cell(const Json& object) {
  const Json* parameters = find(object, {"spec", "parameters"});
  if (parameters == nullptr) return "<none>";
  std::string text = string_at(*parameters, {"kind"});
  if (const Json* group = find(*parameters, {"apiGroup"})) text += "." + group->get<std::string>();
  return text + "/" + string_at(*parameters, {"name"});
}

}  // namespace

TableSpec ingress_table() {
  return TableSpec{{name_column(), column("Class", "Name of the IngressClass."),
                    column("Hosts", "Hosts that the rules name; * for all."), column("Address", "Where it is reached."),
                    column("Ports", "Ports that it serves."), age_column()},
                   ingress_row};
}

TableSpec ingress_class_table() {
  auto row = [](const Json& object, TimePoint now) {
    return std::vector<Json>{name_cell(object), string_at(object, {"spec", "controller"}), parameters_cell(object),
                             age_cell(object, now)};
  };
  return TableSpec{{name_column(), column("Controller", "Controller that serves the class."),
                    column("Parameters", "Object with settings for the controller."), age_column()},
                   row};
}

TableSpec network_policy_table() {
  auto row = [](const Json& object, TimePoint now) {
    return std::vector<Json>{name_cell(object), label_selector_cell(object, {"spec", "podSelector"}),
                             age_cell(object, now)};
  };
  return TableSpec{{name_column(), column("Pod-Selector", "Labels of the pods that it is about."), age_column()}, row};
}

}  // namespace skiff::server
