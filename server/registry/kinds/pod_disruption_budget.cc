#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/label_selector.h"
#include "server/registry/kinds/workload.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

class PodDisruptionBudgetStrategy final : public Strategy {
 public:
  void prepare_for_create(Json& object, TimePoint now) const override {
    Strategy::prepare_for_create(object, now);
    object["status"] = {{"currentHealthy", 0}, {"desiredHealthy", 0}, {"disruptionsAllowed", 0}, {"expectedPods", 0}};
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    const Json& spec = object.at("spec");
    const Json* available = find(spec, {"minAvailable"});
    const Json* unavailable = find(spec, {"maxUnavailable"});
    if (available != nullptr && unavailable != nullptr) {
      errors.invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set");
    }
    if (available != nullptr) validate_amount(*available, "spec.minAvailable", errors);
    if (unavailable != nullptr) validate_amount(*unavailable, "spec.maxUnavailable", errors);
    if (const Json* selector = find(spec, {"selector"})) validate_label_selector(*selector, "spec.selector", errors);
  }

  [[nodiscard]] bool counts_generation() const override { return true; }
  [[nodiscard]] bool allow_unconditional_update() const override { return false; }

 private:
  static void validate_amount(const Json& amount, const std::string& path, api::FieldErrors& errors) {
    validate_step(amount, path, errors);
    validate_at_most_all(amount, path, errors);
  }
};

}  // namespace

Kind pod_disruption_budget_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "PodDisruptionBudget";
  kind.plural = "poddisruptionbudgets";
  kind.singular = "poddisruptionbudget";
  kind.short_names = {"pdb"};
  kind.has_status = true;
  kind.versions = {served_version(catalog, "policy", "v1", "PodDisruptionBudget")};
  kind.strategy = std::make_shared<PodDisruptionBudgetStrategy>();
  kind.table = pod_disruption_budget_table();
  return kind;
}

}  // namespace skiff::server
