#include "api/schema/validate.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/tables/tables.h"

#include <set>

namespace skiff::server {

namespace {

void validate_taints(const Json& taints, api::FieldErrors& errors) {
  std::set<std::pair<std::string, std::string>> seen;
  for (std::size_t i = 0; i < taints.size(); ++i) {
    const std::string path = api::index("metadata.taints", i);
    const std::string key = string_at(taints[i], {"key"});
    const std::string value = string_at(taints[i], {"value"});
    const std::string effect = string_at(taints[i], {"effect"});
    for (std::string& what : api::schema::format_messages("qualified-name", key)) {
      errors.invalid(api::child(path, "key"), key, std::move(what));
    }
    for (std::string& what : api::schema::format_messages("label-value", value)) {
      errors.invalid(api::child(path, "value"), value, std::move(what));
    }
    if (effect != "NoSchedule" && effect != "PreferNoSchedule" && effect != "NoExecute") {
      errors.not_supported(api::child(path, "effect"), effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"});
    }
    if (!seen.emplace(key, effect).second) {
      errors.duplicate(path, taints[i]);
    }
  }
}

class NodeStrategy final : public Strategy {
 public:
  // A node agent may register its node with a status.
  void prepare_for_create(Json&, TimePoint) const override {}

  void validate(const Json& object, api::FieldErrors& errors) const override {
    if (const Json* taints = find(object, {"spec", "taints"})) validate_taints(*taints, errors);
  }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    for (const char* name : {"podCIDR", "providerID"}) {
      const std::string old_value = string_at(old_object, {"spec", name});
      if (!old_value.empty() && string_at(object, {"spec", name}) != old_value) {
        errors.forbidden(api::child("spec", name),
                         "node updates may not change " + std::string(name) + " except from \"\" to valid");
      }
    }
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
  Kind kind;
  kind.kind = "Node";
  kind.plural = "nodes";
  kind.singular = "node";
  kind.short_names = {"no"};
  kind.namespaced = false;
  kind.has_status = true;
  kind.versions = {served_version(catalog, "", "v1", "Node")};
  kind.strategy = std::make_shared<NodeStrategy>();
  kind.table = node_table();
  return kind;
}

}  // namespace skiff::server
