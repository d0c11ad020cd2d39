#include "server/registry/kinds/addresses.h"
#include "server/registry/kinds/service.h"

#include <map>
#include <set>

// The fields of a Service that the server completes before anything is allocated: what an update left out, the two
// spellings of the cluster IP, and the address families.
namespace skiff::server {

namespace {

using Strings = std::vector<std::string>;

constexpr const char* kIpv4 = "IPv4";
constexpr const char* kIpv6 = "IPv6";

bool same_texts(const Json& spec, const Json& old_spec, const char* name) {
  return texts_at(spec, name) == texts_at(old_spec, name);
}

std::set<std::int64_t> used_node_ports(const Json& spec) {
  std::set<std::int64_t> used;
  for (const Json& port : spec.value("ports", Json::array())) {
    if (const std::int64_t number = integer_at(port, {"nodePort"}); number != 0) used.insert(number);
  }
  return used;
}

// Ports are told apart by their names: the rest of a port may have been changed.
void keep_node_ports(Json& spec, const Json& old_spec) {
  if (!spec.contains("ports")) return;
  std::map<std::string, std::int64_t> by_name;
  for (const Json& port : old_spec.value("ports", Json::array())) {
    by_name[string_at(port, {"name"})] = integer_at(port, {"nodePort"});
  }
  std::set<std::int64_t> used = used_node_ports(spec);
  for (Json& port : spec["ports"]) {
    if (integer_at(port, {"nodePort"}) != 0) continue;
    const auto old_port = by_name.find(string_at(port, {"name"}));
    if (old_port == by_name.end() || old_port->second == 0 || !used.insert(old_port->second).second) continue;
    port["nodePort"] = old_port->second;
  }
}

// A client that replaces the whole object does not know what was chosen for it.
void keep_allocated(Json& spec, const Json& old_spec) {
  if (needs_cluster_ip(spec) && needs_cluster_ip(old_spec)) {
    const std::string old_ip = string_at(old_spec, {"clusterIP"});
    if (string_at(spec, {"clusterIP"}).empty() && !old_ip.empty()) spec["clusterIP"] = old_ip;
    if (texts_at(spec, "clusterIPs").empty() && string_at(spec, {"clusterIP"}) == old_ip &&
        old_spec.contains("clusterIPs")) {
      spec["clusterIPs"] = old_spec.at("clusterIPs");
    }
  }
  if (needs_node_ports(spec) && needs_node_ports(old_spec)) keep_node_ports(spec, old_spec);
  if (needs_health_check_port(spec) && needs_health_check_port(old_spec) &&
      integer_at(spec, {"healthCheckNodePort"}) == 0) {
    if (const Json* port = find(old_spec, {"healthCheckNodePort"})) spec["healthCheckNodePort"] = *port;
  }
}

// Clients from before clusterIPs only write clusterIP. Whoever changed one of the two means that one.
void align_cluster_ips(Json& spec, const Json* old_spec) {
  const std::string ip = string_at(spec, {"clusterIP"});
  if (old_spec == nullptr) {
    if (!ip.empty() && texts_at(spec, "clusterIPs").empty()) spec["clusterIPs"] = Json::array({ip});
    return;
  }
  if (ip == string_at(*old_spec, {"clusterIP"}) || !same_texts(spec, *old_spec, "clusterIPs")) return;
  if (ip.empty()) {
    spec.erase("clusterIPs");
  } else if (!texts_at(spec, "clusterIPs").empty()) {
    spec["clusterIPs"][0] = ip;
  } else {
    spec["clusterIPs"] = Json::array({ip});
  }
}

// An update that leaves addresses, families and PreferDualStack alone changes none of them.
bool is_settled(const Json& spec, const Json* old_spec) {
  return old_spec != nullptr && string_at(spec, {"ipFamilyPolicy"}) == "PreferDualStack" &&
         string_at(*old_spec, {"ipFamilyPolicy"}) == "PreferDualStack" && same_texts(spec, *old_spec, "clusterIPs") &&
         same_texts(spec, *old_spec, "ipFamilies") && !texts_at(spec, "ipFamilies").empty();
}

bool is_headless_without_selector(const Json& spec) {
  const Json* selector = find(spec, {"selector"});
  return string_at(spec, {"clusterIP"}) == kHeadless && (selector == nullptr || selector->empty());
}

void default_policy(Json& spec, const Json* old_spec) {
  if (spec.contains("ipFamilyPolicy")) return;
  const std::string old_policy = old_spec == nullptr ? "" : string_at(*old_spec, {"ipFamilyPolicy"});
  if (!old_policy.empty()) {
    spec["ipFamilyPolicy"] = old_policy;
  } else {
    spec["ipFamilyPolicy"] = is_headless_without_selector(spec) ? "RequireDualStack" : "SingleStack";
  }
}

// SingleStack drops what was second before; with any other policy it must be said.
void release_second(Json& spec, const Json& old_spec, const char* name, const char* what, api::FieldErrors& errors) {
  const Strings values = texts_at(spec, name);
  const Strings old_values = texts_at(old_spec, name);
  const std::string policy = string_at(spec, {"ipFamilyPolicy"});
  if (policy == "SingleStack") {
    if (values == old_values && values.size() > 1) spec[name] = Json::array({values[0]});
  } else if (old_values.size() == 2 && values.size() == 1 && values[0] == old_values[0]) {
    errors.invalid("spec.ipFamilyPolicy", policy,
                   std::string("must be 'SingleStack' to release the secondary ") + what);
  }
}

void check_single_stack(const Json& spec, api::FieldErrors& errors) {
  if (string_at(spec, {"ipFamilyPolicy"}) != "SingleStack") return;
  constexpr const char* kMust = "must be 'RequireDualStack' or 'PreferDualStack' when multiple ";
  if (texts_at(spec, "clusterIPs").size() == 2) {
    errors.invalid("spec.ipFamilyPolicy", "SingleStack", std::string(kMust) + "cluster IPs are specified");
  }
  if (texts_at(spec, "ipFamilies").size() == 2) {
    errors.invalid("spec.ipFamilyPolicy", "SingleStack", std::string(kMust) + "IP families are specified");
  }
}

void infer_families(Json& spec, api::FieldErrors& errors) {
  const Strings ips = texts_at(spec, "clusterIPs");
  Strings families = texts_at(spec, "ipFamilies");
  for (std::size_t i = families.size(); i < ips.size() && ips[i] != kHeadless; ++i) {
    if (is_ipv6(ips[i])) {
      std::string list;
      for (const std::string& ip : ips) list += (list.empty() ? "" : ", ") + to_json_text(ip);
      errors.add({api::FieldErrorType::kInvalid, api::index("spec.clusterIPs", i), "[]string{" + list + "}",
                  "IPv6 is not configured on this cluster"});
    } else {
      families.emplace_back(kIpv4);
    }
  }
  if (!families.empty()) spec["ipFamilies"] = families;
}

}  // namespace

void normalize_service(Json& spec, const Json* old_spec) {
  if (old_spec != nullptr) keep_allocated(spec, *old_spec);
  align_cluster_ips(spec, old_spec);
}

void complete_ip_families(Json& spec, const Json* old_spec, api::FieldErrors& errors) {
  if (!needs_cluster_ip(spec) || is_settled(spec, old_spec)) return;
  default_policy(spec, old_spec);
  validate_cluster_ips(spec, errors);
  if (!errors.empty()) return;
  if (old_spec != nullptr) {
    release_second(spec, *old_spec, "clusterIPs", "cluster IP", errors);
    release_second(spec, *old_spec, "ipFamilies", "IP family", errors);
  }
  check_single_stack(spec, errors);
  infer_families(spec, errors);
  if (!errors.empty()) return;

  Strings families = texts_at(spec, "ipFamilies");
  const std::string policy = string_at(spec, {"ipFamilyPolicy"});
  if (is_headless_without_selector(spec)) {
    // Whoever maintains the endpoints may have some of both families, whatever the cluster has.
    if (families.empty()) families.emplace_back(kIpv4);
    if (families.size() == 1 && policy != "SingleStack") families.emplace_back(families[0] == kIpv4 ? kIpv6 : kIpv4);
    spec["ipFamilies"] = families;
    return;
  }
  if (policy == "RequireDualStack") {
    errors.invalid("spec.ipFamilyPolicy", policy, "this cluster is not configured for dual-stack services");
  }
  for (std::size_t i = 0; i < families.size(); ++i) {
    if (families[i] != kIpv4) {
      errors.invalid(api::index("spec.ipFamilies", i), families[i], "not configured on this cluster");
    }
  }
  if (errors.empty() && families.empty()) spec["ipFamilies"] = Json::array({kIpv4});
}

}  // namespace skiff::server
