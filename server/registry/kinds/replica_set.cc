#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/kinds/workload.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

class ReplicaSetStrategy final : public Strategy {
 public:
  void apply_defaults(Json& object) const override {
    if (const Json* spec = find(object, {"spec", "template", "spec"}); spec != nullptr) {
      default_pod_spec(object["spec"]["template"]["spec"]);
    }
  }

  void prepare_for_create(Json& object, TimePoint now) const override {
    Strategy::prepare_for_create(object, now);
    object["status"] = Json{{"replicas", 0}};
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    validate_selector(object, errors);
    if (const Json* template_ = find(object, {"spec", "template"})) {
      validate_pod_template(*template_, "spec.template", errors);
    }
  }

  [[nodiscard]] bool counts_generation() const override { return true; }

  [[nodiscard]] const std::vector<SelectableField>& selectable_fields() const override {
    static const std::vector<SelectableField> fields = {
        {"status.replicas", [](const Json& object) {
           return std::to_string(integer_at(object, {"status", "replicas"}));
         }}};
    return fields;
  }
};

}  // namespace

Kind replica_set_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "ReplicaSet";
  kind.plural = "replicasets";
  kind.singular = "replicaset";
  kind.short_names = {"rs"};
  kind.categories = {"all"};
  kind.has_status = true;
  kind.scale = workload_scale();
  kind.versions = {served_version(catalog, "apps", "v1", "ReplicaSet"),
                   served_version(catalog, "apps", "v1beta2", "ReplicaSet")};
  kind.versions[1].deprecation_warning =
      "apps/v1beta2 ReplicaSet is deprecated in v1.9+, unavailable in v1.16+; use apps/v1 ReplicaSet";
  kind.strategy = std::make_shared<ReplicaSetStrategy>();
  kind.table = replica_set_table();
  return kind;
}

}  // namespace skiff::server
