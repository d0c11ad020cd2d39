#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/warnings.h"
#include "server/registry/kinds/workload.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

class ReplicaSetStrategy final : public Strategy {
 public:
  void apply_defaults(Json& object) const override { default_template(object); }

  void prepare_for_create(Json& object, TimePoint now) const override {
    Strategy::prepare_for_create(object, now);
    object["status"] = Json{{"replicas", 0}};
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    validate_selector(object, errors);  // upstream says "deployment" here, too
    validate_lasting_template(object, "ReplicaSet", errors);
  }

  void validate_status_update(const Json& object, const Json&, api::FieldErrors& errors) const override {
    validate_replica_counts(object, errors);
  }

  [[nodiscard]] bool counts_generation() const override { return true; }

  [[nodiscard]] const std::vector<SelectableField>& selectable_fields() const override {
    static const std::vector<SelectableField> fields = {
        {"status.replicas", [](const Json& object) {
           return std::to_string(integer_at(object, {"status", "replicas"}));
         }}};
    return fields;
  }

  void warn(const Json& object, const Json* old_object, std::vector<std::string>& warnings) const override {
    warn_of_workload(object, old_object, true, warnings);
  }
};

}  // namespace

Kind replica_set_kind(const api::schema::Catalog& catalog) {
  Kind kind = apps_kind(catalog, "ReplicaSet");
  kind.short_names = {"rs"};
  kind.categories = {"all"};
  kind.has_status = true;
  kind.scale = workload_scale();
  kind.strategy = std::make_shared<ReplicaSetStrategy>();
  kind.table = replica_set_table();
  return kind;
}

}  // namespace skiff::server
