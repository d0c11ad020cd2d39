#include "api/schema/validate.h"
#include "server/registry/kinds/addresses.h"
#include "server/registry/kinds/service.h"
#include "server/registry/object_meta.h"

#include <algorithm>
#include <set>

namespace skiff::server {

namespace {

using Strings = std::vector<std::string>;

constexpr std::int64_t kMaxAffinitySeconds = 86400;
constexpr const char* kSourceRanges = "service.beta.kubernetes.io/load-balancer-source-ranges";
constexpr const char* kOnlyForLoadBalancer = "may only be used when `type` is 'LoadBalancer'";
constexpr const char* kNoChange = "may not change once set";

// []string{"a", "b"}: how upstream's messages print lists.
std::string go_list(const char* type, const Strings& values) {
  std::string text = "[]" + std::string(type);
  if (values.empty()) return text + "(nil)";
  text += "{";
  for (std::size_t i = 0; i < values.size(); ++i) text += (i == 0 ? "" : ", ") + to_json_text(values[i]);
  return text + "}";
}

void invalid_list(std::string field, const char* type, const Strings& values, std::string detail,
                  api::FieldErrors& errors) {
  errors.add({api::FieldErrorType::kInvalid, std::move(field), go_list(type, values), std::move(detail)});
}

void validate_type(const Json& spec, api::FieldErrors& errors) {
  const std::string type = string_at(spec, {"type"});
  if ((type == "LoadBalancer" || type == "NodePort") && is_headless(spec)) {
    errors.invalid("spec.clusterIPs[0]", kHeadless, "may not be set to 'None' for " + type + " services");
  }
  if (type != "ExternalName") return;
  for (const char* name : {"clusterIPs", "ipFamilies", "ipFamilyPolicy"}) {
    if (spec.contains(name)) errors.forbidden(api::child("spec", name), "may not be set for ExternalName services");
  }
  std::string target = string_at(spec, {"externalName"});
  if (target.ends_with('.')) target.pop_back();
  if (target.empty()) {
    errors.required("spec.externalName");
  } else {
    api::schema::validate_format("dns1123-subdomain", target, "spec.externalName", errors);
  }
}

void validate_target_port(const Json& port, const std::string& path, api::FieldErrors& errors) {
  const Json target = port.value("targetPort", Json());
  if (target.is_string()) {
    api::schema::validate_format("iana-svc-name", target.get<std::string>(), path, errors);
  } else if (target.is_number() && (target < 1 || target > 65535)) {
    errors.invalid(path, target, "must be between 1 and 65535, inclusive");
  }
}

void validate_service_ports(const Json& ports, api::FieldErrors& errors) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::string path = api::index("spec.ports", i);
    const std::string name = string_at(ports[i], {"name"});
    if (name.empty()) {
      if (ports.size() > 1) errors.required(api::child(path, "name"));
    } else {
      api::schema::validate_format("dns1123-label", name, api::child(path, "name"), errors);
      if (!names.insert(name).second) errors.duplicate(api::child(path, "name"), name);
    }
    validate_target_port(ports[i], api::child(path, "targetPort"), errors);
  }
}

// A ServicePort of which nothing else counts, as Go prints it.
std::string go_port(const std::string& protocol, std::int64_t number) {
  return "core.ServicePort{Name:\"\", Protocol:" + to_json_text(protocol) +
         ", AppProtocol:(*string)(nil), Port:" + std::to_string(number) +
         ", TargetPort:intstr.IntOrString{Type:0, IntVal:0, StrVal:\"\"}, NodePort:0}";
}

// Duplicates count per protocol.
void validate_port_numbers(const Json& spec, const Json& ports, api::FieldErrors& errors) {
  std::set<std::pair<std::string, std::int64_t>> node_ports;
  std::set<std::pair<std::string, std::int64_t>> numbers;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::string path = api::index("spec.ports", i);
    const std::string protocol = string_at(ports[i], {"protocol"});
    const std::int64_t number = integer_at(ports[i], {"port"});
    const std::int64_t node_port = integer_at(ports[i], {"nodePort"});
    if (node_port != 0 && is_service_type(spec, "ClusterIP")) {
      errors.forbidden(api::child(path, "nodePort"), "may not be used when `type` is 'ClusterIP'");
    }
    if (node_port != 0 && !node_ports.emplace(protocol, node_port).second) {
      errors.duplicate(api::child(path, "nodePort"), node_port);
    }
    if (!numbers.emplace(protocol, number).second) {
      errors.add({api::FieldErrorType::kDuplicate, path, go_port(protocol, number), ""});
    }
  }
}

void validate_session_affinity(const Json& spec, api::FieldErrors& errors) {
  const std::string path = "spec.sessionAffinityConfig";
  const Json* config = find(spec, {"sessionAffinityConfig"});
  if (string_at(spec, {"sessionAffinity"}) == "None" && config != nullptr) {
    errors.forbidden(path, "must not be set when session affinity is None");
  }
  if (string_at(spec, {"sessionAffinity"}) != "ClientIP") return;
  const Json* seconds = config == nullptr ? nullptr : find(*config, {"clientIP", "timeoutSeconds"});
  if (seconds == nullptr) return errors.required(path, "when session affinity type is ClientIP");
  if (*seconds <= 0 || *seconds > kMaxAffinitySeconds) {
    errors.invalid(path + ".clientIP.timeoutSeconds", *seconds, "must be greater than 0 and less than 86400");
  }
}

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

void validate_source_ranges(const Json& service, const Json& spec, api::FieldErrors& errors) {
  const Strings ranges = texts_at(spec, "loadBalancerSourceRanges");
  const Json* annotation = find(service, {"metadata", "annotations", kSourceRanges});
  if (!ranges.empty()) {
    const std::string path = "spec.LoadBalancerSourceRanges";  // upstream's spelling
    if (!is_service_type(spec, "LoadBalancer")) errors.forbidden(path, kOnlyForLoadBalancer);
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      api::schema::validate_format("cidr", trimmed(ranges[i]), api::index(path, i), errors);
    }
  } else if (annotation != nullptr) {
    const std::string path = api::key("metadata.annotations", kSourceRanges);
    if (!is_service_type(spec, "LoadBalancer")) errors.forbidden(path, kOnlyForLoadBalancer);
    std::string rest = trimmed(annotation->get<std::string>());
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      api::schema::validate_format("cidr", trimmed(rest.substr(0, comma)), path, errors);
      rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
    }
  }
}

void validate_load_balancer(const Json& service, const Json& spec, api::FieldErrors& errors) {
  validate_source_ranges(service, spec, errors);
  const Json* load_balancer_class = find(spec, {"loadBalancerClass"});
  if (is_service_type(spec, "LoadBalancer")) {
    if (load_balancer_class != nullptr) {
      api::schema::validate_format("qualified-name", load_balancer_class->get<std::string>(), "spec.loadBalancerClass",
                                   errors);
    }
    return;
  }
  if (spec.contains("allocateLoadBalancerNodePorts")) {
    errors.forbidden("spec.allocateLoadBalancerNodePorts", kOnlyForLoadBalancer);
  }
  if (load_balancer_class != nullptr) errors.forbidden("spec.loadBalancerClass", kOnlyForLoadBalancer);
}

void validate_external_traffic(const Json& spec, api::FieldErrors& errors) {
  const std::string policy = string_at(spec, {"externalTrafficPolicy"});
  if (!is_externally_accessible(spec)) {
    if (!policy.empty()) {
      errors.invalid("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services");
    }
  } else if (policy.empty()) {
    errors.required("spec.externalTrafficPolicy");
  } else if (policy != "Cluster" && policy != "Local") {
    errors.not_supported("spec.externalTrafficPolicy", policy, {"Cluster", "Local"});
  }
  const std::int64_t port = integer_at(spec, {"healthCheckNodePort"});
  if (!needs_health_check_port(spec)) {
    if (port == 0) return;
    errors.invalid("spec.healthCheckNodePort", port,
                   "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
  } else if (port == 0) {
    errors.required("spec.healthCheckNodePort");
  } else if (port < 1 || port > 65535) {
    errors.invalid("spec.healthCheckNodePort", port, "must be between 1 and 65535, inclusive");
  }
}

// Cluster IPs and families obey the same rule: the first stays, a second one comes with the policy and goes with it.
struct ListRule {
  const char* field;
  const char* go_type;
  const char* primary_unset;
  const char* released;
};

void validate_list_update(const Json& spec, const Json& old_spec, const ListRule& rule, api::FieldErrors& errors) {
  const Strings values = texts_at(spec, rule.field);
  const Strings old_values = texts_at(old_spec, rule.field);
  const std::string path = api::child("spec", rule.field);
  auto changed = [&](std::size_t i) { invalid_list(api::index(path, i), rule.go_type, values, kNoChange, errors); };
  if (values.size() == old_values.size()) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] != old_values[i]) changed(i);
    }
    return;
  }
  if (values.empty()) return invalid_list(api::index(path, 0), rule.go_type, values, rule.primary_unset, errors);
  if (!old_values.empty() && values[0] != old_values[0]) changed(0);
  if (values.size() < old_values.size() && string_at(spec, {"ipFamilyPolicy"}) != "SingleStack") {
    errors.invalid("spec.ipFamilyPolicy", spec.value("ipFamilyPolicy", Json()), rule.released);
  }
}

void validate_families(const Json& spec, api::FieldErrors& errors) {
  const Strings families = texts_at(spec, "ipFamilies");
  for (std::size_t i = 0; i < families.size(); ++i) {
    const std::string path = api::index("spec.ipFamilies", i);
    if (families[i] != "IPv4" && families[i] != "IPv6") errors.not_supported(path, families[i], {"IPv4", "IPv6"});
    if (std::find(families.begin(), families.begin() + static_cast<std::ptrdiff_t>(i), families[i]) !=
        families.begin() + static_cast<std::ptrdiff_t>(i)) {
      errors.duplicate(path, families[i]);
    }
  }
  const std::string policy = string_at(spec, {"ipFamilyPolicy"});
  if (spec.contains("ipFamilyPolicy") && policy != "PreferDualStack" && policy != "RequireDualStack" &&
      policy != "SingleStack") {
    errors.not_supported("spec.ipFamilyPolicy", policy, {"PreferDualStack", "RequireDualStack", "SingleStack"});
  }
}

// False when what follows could not be judged.
bool validate_ip_texts(const Strings& ips, api::FieldErrors& errors) {
  bool valid = true;
  for (std::size_t i = 0; i < ips.size(); ++i) {
    if (i == 0 && ips[i] == kHeadless) {
      if (ips.size() == 1) continue;
      valid = false;
      invalid_list("spec.clusterIPs", "string", ips, "'None' must be the first and only value", errors);
      continue;
    }
    const std::vector<std::string> messages = api::schema::format_messages("ip", ips[i]);
    valid = valid && messages.empty();
    for (const std::string& what : messages) errors.invalid(api::index("spec.clusterIPs", i), ips[i], what);
  }
  if (ips.size() > 2) invalid_list("spec.clusterIPs", "string", ips, "may only hold up to 2 values", errors);
  return valid;
}

}  // namespace

void validate_cluster_ips(const Json& spec, api::FieldErrors& errors) {
  if (is_service_type(spec, "ExternalName")) return;
  const std::string first = string_at(spec, {"clusterIP"});
  const Strings ips = texts_at(spec, "clusterIPs");
  const Strings families = texts_at(spec, "ipFamilies");
  if (!first.empty() && ips.empty()) {
    errors.required("spec.clusterIPs");
  } else if (!first.empty() && ips[0] != first) {
    invalid_list("spec.clusterIPs", "string", ips, "first value must match `clusterIP`", errors);
  } else if (first.empty() && !ips.empty()) {
    invalid_list("spec.clusterIPs", "string", ips, "must be empty when `clusterIP` is not specified", errors);
  }
  validate_families(spec, errors);
  if (!validate_ip_texts(ips, errors)) return;
  if (ips.size() > 1 && is_ipv6(ips[0]) == is_ipv6(ips[1])) {
    invalid_list("spec.clusterIPs", "string", ips, "may specify no more than one IP for each IP family", errors);
  }
  if (is_headless(spec)) return;
  for (std::size_t i = 0; i < std::min(ips.size(), families.size()); ++i) {
    if (is_ipv6(ips[i]) == (families[i] == "IPv6")) continue;
    errors.invalid(api::index("spec.clusterIPs", i), ips[i],
                   "expected an " + families[i] + " value as indicated by `ipFamilies[" + std::to_string(i) + "]`");
  }
}

void validate_service(const Json& service, api::FieldErrors& errors) {
  const Json& spec = service.at("spec");
  const Json* ports = find(spec, {"ports"});
  if (ports == nullptr && !is_headless(spec) && !is_service_type(spec, "ExternalName")) errors.required("spec.ports");
  validate_type(spec, errors);
  if (ports != nullptr) validate_service_ports(*ports, errors);
  if (const Json* selector = find(spec, {"selector"})) validate_labels(*selector, "spec.selector", errors);
  validate_session_affinity(spec, errors);
  validate_cluster_ips(spec, errors);
  const Strings external = texts_at(spec, "externalIPs");
  for (std::size_t i = 0; i < external.size(); ++i) {
    validate_endpoint_ip(external[i], api::index("spec.externalIPs", i), errors);
  }
  if (ports != nullptr) validate_port_numbers(spec, *ports, errors);
  validate_load_balancer(service, spec, errors);
  validate_external_traffic(spec, errors);
}

void validate_service_update(const Json& service, const Json& old_service, api::FieldErrors& errors) {
  const Json& spec = service.at("spec");
  const Json& old_spec = old_service.at("spec");
  if (!is_service_type(spec, "ExternalName") && !is_service_type(old_spec, "ExternalName")) {
    const bool headless = is_headless(spec);
    const bool was_headless = is_headless(old_spec);
    if (!headless || !was_headless) {
      validate_list_update(spec, old_spec,
                           {"clusterIPs", "string", "primary clusterIP can not be unset",
                            "must be set to 'SingleStack' when releasing the secondary clusterIP"},
                           errors);
    }
    if (!headless && !was_headless) {
      validate_list_update(spec, old_spec,
                           {"ipFamilies", "core.IPFamily", "primary ipFamily can not be unset",
                            "must be set to 'SingleStack' when releasing the secondary ipFamily"},
                           errors);
    }
  }
  if (is_service_type(spec, "LoadBalancer") && is_service_type(old_spec, "LoadBalancer") &&
      spec.value("loadBalancerClass", Json()) != old_spec.value("loadBalancerClass", Json())) {
    errors.invalid("spec.loadBalancerClass", spec.value("loadBalancerClass", Json()), kNoChange);
  }
  if (needs_health_check_port(spec) && needs_health_check_port(old_spec) &&
      integer_at(spec, {"healthCheckNodePort"}) != integer_at(old_spec, {"healthCheckNodePort"})) {
    errors.forbidden("spec.healthCheckNodePort", "field is immutable");
  }
}

void validate_service_status(const Json& service, api::FieldErrors& errors) {
  const Json* ingress = find(service, {"status", "loadBalancer", "ingress"});
  if (ingress == nullptr || ingress->empty()) return;
  const std::string path = "status.loadBalancer.ingress";
  if (!is_service_type(service.at("spec"), "LoadBalancer")) {
    return errors.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'");
  }
  for (std::size_t i = 0; i < ingress->size(); ++i) {
    const Json& address = (*ingress)[i];
    const std::string place = api::index(path, i);
    const std::string ip = string_at(address, {"ip"});
    const std::string mode = string_at(address, {"ipMode"});
    const std::string name = string_at(address, {"hostname"});
    if (!ip.empty()) api::schema::validate_format("ip", ip, place + ".ip", errors);
    if (!address.contains("ipMode")) {
      if (!ip.empty()) errors.required(place + ".ipMode", "must be specified when `ip` is set");
    } else if (ip.empty()) {
      errors.forbidden(place + ".ipMode", "may not be specified when `ip` is not set");
    } else if (mode != "Proxy" && mode != "VIP") {
      errors.not_supported(place + ".ipMode", mode, {"Proxy", "VIP"});
    }
    if (name.empty()) continue;
    api::schema::validate_format("dns1123-subdomain", name, place + ".hostname", errors);
    if (api::schema::check_format("ip", name).empty()) {
      errors.invalid(place + ".hostname", name, "must be a DNS name, not an IP address");
    }
  }
}

}  // namespace skiff::server
