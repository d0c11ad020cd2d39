#include "api/schema/validate.h"
#include "server/registry/kinds/addresses.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/tables/tables.h"

#include <set>

namespace skiff::server {

namespace {

constexpr std::size_t kMaxEndpoints = 1000;
constexpr std::size_t kMaxAddresses = 100;
constexpr std::size_t kMaxPorts = 20000;
constexpr std::size_t kMaxZoneHints = 8;

void validate_ip(const std::string& ip, bool want_v6, const std::string& path, api::FieldErrors& errors) {
  const bool is_valid = api::schema::check_format("ip", ip).empty() && is_ipv6(ip) == want_v6;
  if (!is_valid) errors.invalid(path, ip, want_v6 ? "must be a valid IPv6 address" : "must be a valid IPv4 address");
  validate_non_special_ip(ip, path, errors);
}

void validate_domain_name(std::string name, const std::string& path, api::FieldErrors& errors) {
  if (name.empty()) return errors.required(path);
  if (name.ends_with('.')) name.pop_back();
  const std::vector<std::string> messages = api::schema::format_messages("dns1123-subdomain", name);
  for (const std::string& what : messages) errors.invalid(path, name, what);
  if (messages.empty() && name.find('.') == std::string::npos) {
    errors.invalid(path, name, "should be a domain with at least two segments separated by dots");
  }
}

void validate_addresses(const Json& endpoint, const std::string& type, const std::string& path,
                        api::FieldErrors& errors) {
  const Json* addresses = find(endpoint, {"addresses"});
  if (addresses == nullptr || addresses->empty()) return errors.required(path, "must contain at least 1 address");
  if (addresses->size() > kMaxAddresses) errors.too_many(path, addresses->size(), kMaxAddresses);
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    const std::string address = (*addresses)[i].get<std::string>();
    if (type == "IPv4" || type == "IPv6") validate_ip(address, type == "IPv6", api::index(path, i), errors);
    if (type == "FQDN") validate_domain_name(address, api::index(path, i), errors);
  }
}

void validate_hints(const Json& endpoint, const std::string& path, api::FieldErrors& errors) {
  const Json* zones = find(endpoint, {"hints", "forZones"});
  if (zones == nullptr) return;
  if (zones->size() > kMaxZoneHints) return errors.too_many(path, zones->size(), kMaxZoneHints);
  std::set<std::string> seen;
  for (std::size_t i = 0; i < zones->size(); ++i) {
    const std::string name = string_at((*zones)[i], {"name"});
    const std::string place = api::index(path, i) + ".name";
    if (!seen.insert(name).second) errors.duplicate(place, name);
    api::schema::validate_format("label-value", name, place, errors);
  }
}

void validate_endpoints(const Json& endpoints, const std::string& type, api::FieldErrors& errors) {
  if (endpoints.size() > kMaxEndpoints) return errors.too_many("endpoints", endpoints.size(), kMaxEndpoints);
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const Json& endpoint = endpoints[i];
    const std::string path = api::index("endpoints", i);
    validate_addresses(endpoint, type, path + ".addresses", errors);
    if (const Json* node = find(endpoint, {"nodeName"})) {
      api::schema::validate_format("dns1123-subdomain", node->get<std::string>(), path + ".nodeName", errors);
    }
    if (const Json* hostname = find(endpoint, {"hostname"})) {
      api::schema::validate_format("dns1123-label", hostname->get<std::string>(), path + ".hostname", errors);
    }
    validate_hints(endpoint, path + ".hints.forZones", errors);
  }
}

void validate_slice_ports(const Json& ports, api::FieldErrors& errors) {
  if (ports.size() > kMaxPorts) return errors.too_many("ports", ports.size(), kMaxPorts);
  std::set<std::string> names;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::string path = api::index("ports", i);
    const std::string name = string_at(ports[i], {"name"});
    const std::string protocol = string_at(ports[i], {"protocol"});
    if (!name.empty()) api::schema::validate_format("dns1123-label", name, path + ".name", errors);
    if (!names.insert(name).second) errors.duplicate(path + ".name", name);
    if (protocol != "TCP" && protocol != "UDP" && protocol != "SCTP") {
      errors.not_supported(path + ".protocol", protocol, {"SCTP", "TCP", "UDP"});
    }
  }
}

class EndpointSliceStrategy final : public Strategy {
 public:
  void apply_defaults(Json& object) const override {
    if (!object.contains("ports")) object["ports"] = nullptr;
    // Topology by labels ended with v1beta1.
    if (object.at("endpoints").is_array()) {
      for (Json& endpoint : object["endpoints"]) endpoint.erase("deprecatedTopology");
    }
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    validate_endpoints(object.at("endpoints"), string_at(object, {"addressType"}), errors);
    validate_slice_ports(object.at("ports"), errors);
  }

  [[nodiscard]] bool counts_generation() const override { return true; }

  // There is no spec: everything counts but metadata other than labels.
  [[nodiscard]] bool changes_generation(const Json& object, const Json& old_object) const override {
    auto labels = [](const Json& of) { return of.at("metadata").value("labels", Json::object()); };
    if (labels(object) != labels(old_object)) return true;
    for (const char* name : {"addressType", "endpoints", "ports"}) {
      if (object.value(name, Json()) != old_object.value(name, Json())) return true;
    }
    return false;
  }
};

}  // namespace

Kind endpoint_slice_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "EndpointSlice";
  kind.plural = "endpointslices";
  kind.singular = "endpointslice";
  kind.versions = {served_version(catalog, "discovery.k8s.io", "v1", "EndpointSlice")};
  kind.strategy = std::make_shared<EndpointSliceStrategy>();
  kind.table = endpoint_slice_table();
  return kind;
}

}  // namespace skiff::server
