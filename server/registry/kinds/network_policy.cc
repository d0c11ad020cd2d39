#include "api/schema/validate.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/label_selector.h"
#include "server/registry/tables/tables.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace skiff::server {

namespace {

constexpr std::int64_t kMaxPort = 65535;
constexpr const char* kPortRange = "must be between 1 and 65535, inclusive";

struct AddressRange {
  bool ipv6 = false;
  std::array<unsigned char, sizeof(in6_addr)> address{};
  int bits = 0;

  [[nodiscard]] bool contains(const AddressRange& other) const {
    if (ipv6 != other.ipv6) return false;
    for (int bit = 0; bit < bits; ++bit) {
      const std::size_t byte = static_cast<std::size_t>(bit) / 8;
      const int mask = 0x80 >> (bit % 8);
      if ((address[byte] & mask) != (other.address[byte] & mask)) return false;
    }
    return true;
  }
};

// Nothing when the text is no range, which the schema's format reports.
std::optional<AddressRange> parse_range(const std::string& text) {
  if (!api::schema::check_format("cidr", text).empty()) return std::nullopt;
  const std::size_t slash = text.find('/');
  AddressRange range;
  range.ipv6 = text.find(':') != std::string::npos;
  inet_pton(range.ipv6 ? AF_INET6 : AF_INET, text.substr(0, slash).c_str(), range.address.data());
  std::from_chars(text.data() + slash + 1, text.data() + text.size(), range.bits);
  return range;
}

void validate_ip_block(const Json& block, const std::string& path, api::FieldErrors& errors) {
  const auto range = parse_range(string_at(block, {"cidr"}));
  const Json* except = find(block, {"except"});
  if (!range || except == nullptr) return;
  for (std::size_t i = 0; i < except->size(); ++i) {
    const auto excepted = parse_range((*except)[i].get<std::string>());
    if (excepted && (!range->contains(*excepted) || range->bits >= excepted->bits)) {
      errors.invalid(api::index(api::child(path, "except"), i), (*except)[i], "must be a strict subset of `cidr`");
    }
  }
}

void validate_number(const Json& number, const std::string& path, api::FieldErrors& errors) {
  if (number < 1 || number > kMaxPort) errors.invalid(path, number, kPortRange);
}

void validate_policy_port(const Json& policy_port, const std::string& path, api::FieldErrors& errors) {
  const Json* port = find(policy_port, {"port"});
  const Json* end = find(policy_port, {"endPort"});
  const std::string end_path = api::child(path, "endPort");
  if (port == nullptr) {
    if (end != nullptr) errors.invalid(end_path, *end, "may not be specified when `port` is not specified");
  } else if (port->is_number()) {
    validate_number(*port, api::child(path, "port"), errors);
    if (end == nullptr) return;
    if (*end < *port) errors.invalid(end_path, *end, "must be greater than or equal to `port`");
    validate_number(*end, end_path, errors);
  } else {
    if (end != nullptr) errors.invalid(end_path, *end, "may not be specified when `port` is non-numeric");
    api::schema::validate_format("iana-svc-name", port->get<std::string>(), api::child(path, "port"), errors);
  }
}

void validate_peer(const Json& peer, const std::string& path, api::FieldErrors& errors) {
  int peers = 0;
  for (const char* member : {"podSelector", "namespaceSelector"}) {
    const Json* selector = find(peer, {member});
    if (selector == nullptr) continue;
    ++peers;
    validate_label_selector(*selector, api::child(path, member), errors);
  }
  const Json* block = find(peer, {"ipBlock"});
  if (block != nullptr) validate_ip_block(*block, api::child(path, "ipBlock"), errors);
  if (peers == 0 && block == nullptr) errors.required(path, "must specify a peer");
  if (peers > 0 && block != nullptr) errors.forbidden(path, "may not specify both ipBlock and another peer");
}

// `peers` is the member of a rule that lists them: "from" or "to".
void validate_rules(const Json& spec, const char* direction, const char* peers, api::FieldErrors& errors) {
  const Json* rules = find(spec, {direction});
  if (rules == nullptr) return;
  auto for_each = [](const Json& rule, const char* member, const std::string& rule_path, auto validate) {
    const Json* list = find(rule, {member});
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      validate((*list)[i], api::index(api::child(rule_path, member), i));
    }
  };
  for (std::size_t i = 0; i < rules->size(); ++i) {
    const std::string path = api::index(api::child("spec", direction), i);
    for_each((*rules)[i], "ports", path,
             [&](const Json& port, const std::string& at) { validate_policy_port(port, at, errors); });
    for_each((*rules)[i], peers, path,
             [&](const Json& peer, const std::string& at) { validate_peer(peer, at, errors); });
  }
}

void validate_policy_types(const Json& types, api::FieldErrors& errors) {
  if (types.size() > 2) {
    return errors.invalid("spec.policyTypes", types, "may not specify more than two policyTypes");
  }
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i] != "Ingress" && types[i] != "Egress") {
      errors.not_supported(api::index("spec.policyTypes", i), types[i], {"Egress", "Ingress"});
    }
  }
}

class NetworkPolicyStrategy final : public Strategy {
 public:
  void apply_defaults(Json& object) const override {
    Json& spec = object["spec"];
    if (spec.contains("policyTypes")) return;
    spec["policyTypes"] = Json::array({"Ingress"});
    if (spec.contains("egress")) spec["policyTypes"].push_back("Egress");
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    const Json& spec = object.at("spec");
    validate_label_selector(spec.at("podSelector"), "spec.podSelector", errors);
    validate_rules(spec, "ingress", "from", errors);
    validate_rules(spec, "egress", "to", errors);
    if (const Json* types = find(spec, {"policyTypes"})) validate_policy_types(*types, errors);
  }

  [[nodiscard]] bool counts_generation() const override { return true; }
};

}  // namespace

Kind network_policy_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "NetworkPolicy";
  kind.plural = "networkpolicies";
  kind.singular = "networkpolicy";
  kind.short_names = {"netpol"};
  kind.versions = {served_version(catalog, "networking.k8s.io", "v1", "NetworkPolicy")};
  kind.strategy = std::make_shared<NetworkPolicyStrategy>();
  kind.table = network_policy_table();
  return kind;
}

}  // namespace skiff::server
