#include "server/registry/kinds/service.h"

#include "api/schema/validate.h"
#include "api/views/meta.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/tables/tables.h"

#include <algorithm>

namespace skiff::server {

namespace {

constexpr std::int64_t kDefaultAffinitySeconds = 10800;

bool same_member(const Json& spec, const Json& old_spec, const char* name) {
  return spec.value(name, Json()) == old_spec.value(name, Json());
}

void default_affinity(Json& spec) {
  if (string_at(spec, {"sessionAffinity"}) == "ClientIP") {
    if (find(spec, {"sessionAffinityConfig", "clientIP", "timeoutSeconds"}) == nullptr) {
      spec["sessionAffinityConfig"] = {{"clientIP", {{"timeoutSeconds", kDefaultAffinitySeconds}}}};
    }
  } else if (string_at(spec, {"sessionAffinity"}) == "None") {
    spec.erase("sessionAffinityConfig");
  }
}

void default_target_ports(Json& ports) {
  for (Json& port : ports) {
    const Json target = port.value("targetPort", Json());
    if (target.is_null() || target == 0 || target == "") port["targetPort"] = port.at("port");
  }
}

std::vector<std::int64_t> node_ports(const Json& spec) {
  std::vector<std::int64_t> numbers;
  if (const Json* ports = find(spec, {"ports"})) {
    for (const Json& port : *ports) {
      if (const std::int64_t number = integer_at(port, {"nodePort"}); number != 0) numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

// A change of type leaves fields behind that were filled in for the old one. They go, unless the client changed them as
// well: then it means them, and validation will say why not.
void drop_fields_of_old_type(Json& spec, const Json& old_spec) {
  if (needs_cluster_ip(old_spec) && !needs_cluster_ip(spec)) {
    if (same_member(spec, old_spec, "clusterIPs")) {
      spec.erase("clusterIP");
      spec.erase("clusterIPs");
    }
    for (const char* name : {"ipFamilies", "ipFamilyPolicy"}) {
      if (same_member(spec, old_spec, name)) spec.erase(name);
    }
  }
  if (needs_node_ports(old_spec) && !needs_node_ports(spec) && node_ports(spec) == node_ports(old_spec) &&
      spec.contains("ports")) {
    for (Json& port : spec["ports"]) port.erase("nodePort");
  }
  auto drop_unless_changed = [&](const char* name, bool needed_before, bool needed_now) {
    if (needed_before && !needed_now && same_member(spec, old_spec, name)) spec.erase(name);
  };
  drop_unless_changed("healthCheckNodePort", needs_health_check_port(old_spec), needs_health_check_port(spec));
  const bool was_balanced = is_service_type(old_spec, "LoadBalancer");
  const bool is_balanced = is_service_type(spec, "LoadBalancer");
  drop_unless_changed("allocateLoadBalancerNodePorts", was_balanced, is_balanced);
  drop_unless_changed("loadBalancerClass", was_balanced, is_balanced);
  drop_unless_changed("externalTrafficPolicy", is_externally_accessible(old_spec), is_externally_accessible(spec));
}

constexpr const char* kTopologyHints = "service.kubernetes.io/topology-aware-hints";

void warn_of_service(const Json& object, std::vector<std::string>& warnings) {
  const Json& spec = object.at("spec");
  if (api::annotation_of(object, kTopologyHints) != nullptr) {
    warnings.push_back("annotation " + std::string(kTopologyHints) +
                       " is deprecated, please use service.kubernetes.io/topology-mode instead");
  }
  const bool has_external_ips = !texts_at(spec, "externalIPs").empty();
  if (is_service_type(spec, "ClusterIP") && is_headless(spec)) {
    if (spec.contains("loadBalancerIP")) {
      warnings.emplace_back("spec.loadBalancerIP is ignored for headless services");
    }
    if (has_external_ips) warnings.emplace_back("spec.externalIPs is ignored for headless services");
    if (string_at(spec, {"sessionAffinity"}) != "None") {
      warnings.emplace_back("spec.SessionAffinity is ignored for headless services");
    }
  }
  const bool is_alias = is_service_type(spec, "ExternalName");
  if (is_alias && has_external_ips) {
    warnings.emplace_back("spec.externalIPs is ignored when spec.type is \"ExternalName\"");
  }
  if (!is_alias && spec.contains("externalName")) {
    warnings.emplace_back("spec.externalName is ignored when spec.type is not \"ExternalName\"");
  }
}

class ServiceStrategy final : public Strategy {
 public:
  void apply_defaults(Json& object) const override {
    Json& spec = object["spec"];
    default_affinity(spec);
    if (spec.contains("ports")) default_target_ports(spec["ports"]);
    if (is_externally_accessible(spec) && !spec.contains("externalTrafficPolicy")) {
      spec["externalTrafficPolicy"] = "Cluster";
    }
    if (needs_cluster_ip(spec) && !spec.contains("internalTrafficPolicy")) spec["internalTrafficPolicy"] = "Cluster";
    if (is_service_type(spec, "LoadBalancer") && !spec.contains("allocateLoadBalancerNodePorts")) {
      spec["allocateLoadBalancerNodePorts"] = true;
    }
    Json* ingress = nullptr;
    if (find(object, {"status", "loadBalancer", "ingress"}) != nullptr) {
      ingress = &object["status"]["loadBalancer"]["ingress"];
    }
    if (ingress == nullptr || !is_service_type(spec, "LoadBalancer")) return;
    for (Json& address : *ingress) {
      if (!string_at(address, {"ip"}).empty() && !address.contains("ipMode")) address["ipMode"] = "VIP";
    }
  }

  void prepare_for_create(Json& object, TimePoint) const override {
    object["status"] = {{"loadBalancer", Json::object()}};
  }

  void prepare_for_update(Json& object, const Json& old_object, TimePoint now) const override {
    Strategy::prepare_for_update(object, old_object, now);
    drop_fields_of_old_type(object["spec"], old_object.at("spec"));
  }

  void validate(const Json& object, api::FieldErrors& errors) const override { validate_service(object, errors); }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    validate_service_update(object, old_object, errors);
  }

  void validate_status_update(const Json& object, const Json&, api::FieldErrors& errors) const override {
    validate_service_status(object, errors);
  }

  // A DNS-1035 label, since names of services become environment variables and host names.
  [[nodiscard]] std::string_view name_format() const override { return "dns1035-label"; }

  [[nodiscard]] const std::vector<SelectableField>& selectable_fields() const override {
    auto text_of = [](const char* name) {
      return [name](const Json& object) { return string_at(object, {"spec", name}); };
    };
    static const std::vector<SelectableField> fields = {{"spec.clusterIP", text_of("clusterIP")},
                                                        {"spec.type", text_of("type")}};
    return fields;
  }

  [[nodiscard]] bool allow_create_on_update() const override { return true; }

  void warn(const Json& object, const Json*, std::vector<std::string>& warnings) const override {
    warn_of_service(object, warnings);
  }
};

}  // namespace

std::vector<std::string> texts_at(const Json& spec, const char* name) {
  const Json* list = find(spec, {name});
  if (list == nullptr) return {};
  return list->get<std::vector<std::string>>();
}

bool is_service_type(const Json& spec, std::string_view type) { return string_at(spec, {"type"}) == type; }

bool is_headless(const Json& spec) { return texts_at(spec, "clusterIPs") == std::vector<std::string>{kHeadless}; }

bool needs_cluster_ip(const Json& spec) {
  return is_service_type(spec, "ClusterIP") || is_service_type(spec, "NodePort") ||
         is_service_type(spec, "LoadBalancer");
}

bool needs_node_ports(const Json& spec) {
  return is_service_type(spec, "NodePort") ||
         (is_service_type(spec, "LoadBalancer") && bool_at(spec, {"allocateLoadBalancerNodePorts"}, true));
}

bool needs_health_check_port(const Json& spec) {
  return is_service_type(spec, "LoadBalancer") && string_at(spec, {"externalTrafficPolicy"}) == "Local";
}

bool is_externally_accessible(const Json& spec) {
  return is_service_type(spec, "LoadBalancer") || is_service_type(spec, "NodePort") ||
         (is_service_type(spec, "ClusterIP") && !texts_at(spec, "externalIPs").empty());
}

Kind service_kind(const api::schema::Catalog& catalog, const KindOptions& options) {
  Kind kind;
  kind.kind = "Service";
  kind.plural = "services";
  kind.singular = "service";
  kind.short_names = {"svc"};
  kind.categories = {"all"};
  kind.has_status = true;
  kind.versions = {served_version(catalog, "", "v1", "Service")};
  kind.returns_deleted_object = true;
  kind.strategy = std::make_shared<ServiceStrategy>();
  kind.make_allocator = [options] { return make_service_allocator(options); };
  kind.table = service_table();
  return kind;
}

}  // namespace skiff::server
