#include "api/schema/validate.h"
#include "server/registry/kinds/addresses.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

void validate_addresses(const Json& subset, const char* name, const std::string& path, api::FieldErrors& errors) {
  const Json* addresses = find(subset, {name});
  if (addresses == nullptr) return;
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    const Json& address = (*addresses)[i];
    const std::string place = api::index(api::child(path, name), i);
    validate_endpoint_ip(string_at(address, {"ip"}), place + ".ip", errors);
    if (const std::string hostname = string_at(address, {"hostname"}); !hostname.empty()) {
      api::schema::validate_format("dns1123-label", hostname, place + ".hostname", errors);
    }
    if (const Json* node = find(address, {"nodeName"})) {
      api::schema::validate_format("dns1123-subdomain", node->get<std::string>(), place + ".nodeName", errors);
    }
  }
}

void validate_ports(const Json& subset, const std::string& path, api::FieldErrors& errors) {
  const Json* ports = find(subset, {"ports"});
  if (ports == nullptr) return;
  for (std::size_t i = 0; i < ports->size(); ++i) {
    const std::string place = api::index(api::child(path, "ports"), i);
    const std::string name = string_at((*ports)[i], {"name"});
    if (!name.empty()) {
      api::schema::validate_format("dns1123-label", name, place + ".name", errors);
    } else if (ports->size() > 1) {
      errors.required(place + ".name");
    }
  }
}

class EndpointsStrategy final : public Strategy {
 public:
  void validate(const Json& object, api::FieldErrors& errors) const override {
    const Json* subsets = find(object, {"subsets"});
    if (subsets == nullptr) return;
    for (std::size_t i = 0; i < subsets->size(); ++i) {
      const Json& subset = (*subsets)[i];
      const std::string path = api::index("subsets", i);
      if (!subset.contains("addresses") && !subset.contains("notReadyAddresses")) {
        errors.required(path, "must specify `addresses` or `notReadyAddresses`");
      }
      validate_addresses(subset, "addresses", path, errors);
      validate_addresses(subset, "notReadyAddresses", path, errors);
      validate_ports(subset, path, errors);
    }
  }

  [[nodiscard]] bool allow_create_on_update() const override { return true; }
};

}  // namespace

Kind endpoints_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "Endpoints";
  kind.plural = "endpoints";
  kind.singular = "endpoints";
  kind.short_names = {"ep"};
  kind.versions = {served_version(catalog, "", "v1", "Endpoints")};
  kind.strategy = std::make_shared<EndpointsStrategy>();
  kind.table = endpoints_table();
  return kind;
}

}  // namespace skiff::server
