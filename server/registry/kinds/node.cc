#include "api/go_syntax.h"
#include "api/schema/validate.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/kinds/resource_names.h"
#include "server/registry/tables/tables.h"

#include <set>

namespace skiff::server {

namespace {

// core.Taint as Go prints it.
std::string go_taint(const Json& taint) {
  auto quoted = [&taint](const char* name) { return to_json_text(Json(string_at(taint, {name}))); };
  return "core.Taint{Key:" + quoted("key") + ", Value:" + quoted("value") + ", Effect:" + quoted("effect") +
         ", TimeAdded:(*v1.Time)(nil)}";
}

// Upstream looks for them in the metadata, where they were once.
void validate_taints(const Json& spec, api::FieldErrors& errors) {
  std::set<std::pair<std::string, std::string>> seen;
  for_each_element(spec, "taints", "metadata", [&](const Json& taint, const std::string& path) {
    const std::string key = string_at(taint, {"key"});
    const std::string value = string_at(taint, {"value"});
    const std::string effect = string_at(taint, {"effect"});
    api::schema::validate_format("qualified-name", key, api::child(path, "key"), errors);
    const std::string what = api::schema::check_format("label-value", value, ";");
    if (!what.empty()) errors.invalid(api::child(path, "value"), value, what);
    if (effect.empty()) {
      errors.required(api::child(path, "effect"));
    } else if (effect != "NoSchedule" && effect != "PreferNoSchedule" && effect != "NoExecute") {
      errors.not_supported(api::child(path, "effect"), effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"});
    }
    if (!seen.emplace(key, effect).second) {
      errors.add(
          {api::FieldErrorType::kDuplicate, path, go_taint(taint), "taints must be unique by key and effect pair"});
    }
  });
}

void validate_addresses_of_pods(const Json& spec, api::FieldErrors& errors) {
  const Json& ranges = elements_of(spec, "podCIDRs");
  std::set<std::string> seen;
  int v4 = 0, v6 = 0;
  for_each_element(spec, "podCIDRs", "spec", [&](const Json& range, const std::string& path) {
    const std::string text = range.get<std::string>();
    api::schema::validate_format("cidr", text, path, errors);
    ++(text.find(':') == std::string::npos ? v4 : v6);
    if (!seen.insert(text).second) errors.duplicate(path, range);
  });
  if (v4 > 1 || v6 > 1) {
    errors.invalid_as("spec.podCIDRs", api::go_string_list(ranges),
                      "may specify no more than one CIDR for each IP family");
  }
}

void validate_amounts(const Json& object, api::FieldErrors& errors) {
  for (const char* which : {"capacity", "allocatable"}) {
    const Json* amounts = find(object, {"status", which});
    if (amounts == nullptr) continue;
    for (const auto& [name, value] : amounts->items()) {
      validate_resource_amount(name, value.get<std::string>(), api::child(api::child("status", which), name), errors);
    }
  }
}

void validate_unique_addresses(const Json& object, api::FieldErrors& errors) {
  const Json* status = find(object, {"status"});
  if (status == nullptr) return;
  std::set<std::string> seen;
  for_each_element(*status, "addresses", "status", [&](const Json& address, const std::string& path) {
    const std::string shown = "core.NodeAddress{Type:" + to_json_text(Json(string_at(address, {"type"}))) +
                              ", Address:" + to_json_text(Json(string_at(address, {"address"}))) + "}";
    if (!seen.insert(shown).second) errors.add({api::FieldErrorType::kDuplicate, path, shown, ""});
  });
}

class NodeStrategy final : public Strategy {
 public:
  // The older field is the first of the newer.
  void apply_defaults(Json& object) const override {
    Json& spec = object["spec"];
    const std::string range = string_at(spec, {"podCIDR"});
    const Json& ranges = elements_of(spec, "podCIDRs");
    if (!range.empty() && (ranges.empty() || ranges[0] != range)) {
      spec["podCIDRs"] = Json::array({range});
    } else if (range.empty() && !ranges.empty()) {
      spec["podCIDR"] = Json(ranges[0]);
    }
  }

  // A node agent may register its node with a status.
  void prepare_for_create(Json&, TimePoint) const override {}

  void validate(const Json& object, api::FieldErrors& errors) const override {
    validate_taints(object.at("spec"), errors);
    validate_amounts(object, errors);
  }

  void validate_create(const Json& object, api::FieldErrors& errors) const override {
    validate_addresses_of_pods(object.at("spec"), errors);
  }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    const Json& spec = object.at("spec");
    const Json& old_spec = old_object.at("spec");
    validate_unique_addresses(object, errors);
    const Json& old_ranges = elements_of(old_spec, "podCIDRs");
    if (!old_ranges.empty() && elements_of(spec, "podCIDRs") != old_ranges) {
      errors.forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
    }
    const std::string provider = string_at(old_spec, {"providerID"});
    if (!provider.empty() && string_at(spec, {"providerID"}) != provider) {
      errors.forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid");
    }
    if (string_at(spec, {"externalID"}) != string_at(old_spec, {"externalID"})) {
      errors.forbidden("spec.externalID", "may not be updated");
    }
  }

  void validate_status_update(const Json& object, const Json&, api::FieldErrors& errors) const override {
    validate_amounts(object, errors);
    validate_unique_addresses(object, errors);
  }

  [[nodiscard]] const std::vector<SelectableField>& selectable_fields() const override {
    static const std::vector<SelectableField> fields = {
        {"spec.unschedulable", [](const Json& object) {
           return std::string(bool_at(object, {"spec", "unschedulable"}) ? "true" : "false");
         }}};
    return fields;
  }
};

}  // namespace

Kind node_kind(const api::schema::Catalog& catalog) {
  Kind kind = plain_kind(served_version(catalog, "", "v1", "Node"), "nodes", node_table());
  kind.short_names = {"no"};
  kind.namespaced = false;
  kind.has_status = true;
  kind.subresources = {{"proxy", "", "v1", "NodeProxyOptions", {"get"}}};
  kind.strategy = std::make_shared<NodeStrategy>();
  return kind;
}

}  // namespace skiff::server
