#include "api/go_syntax.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/warnings.h"
#include "server/registry/kinds/workload.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

constexpr const char* kDefaultStep = "25%";

void validate_deployment_strategy(const Json& strategy, api::FieldErrors& errors) {
  const std::string path = "spec.strategy.rollingUpdate";
  const Json* update = find(strategy, {"rollingUpdate"});
  if (string_at(strategy, {"type"}) == "Recreate") {
    if (update != nullptr) errors.forbidden(path, "may not be specified when strategy `type` is 'Recreate'");
    return;
  }
  if (update == nullptr) return;
  const Json unavailable = update->value("maxUnavailable", Json(kDefaultStep));
  const Json surge = update->value("maxSurge", Json(kDefaultStep));
  validate_step(unavailable, api::child(path, "maxUnavailable"), errors);
  validate_step(surge, api::child(path, "maxSurge"), errors);
  if (is_zero_step(unavailable) && is_zero_step(surge)) {
    errors.invalid_as(api::child(path, "maxUnavailable"), api::go_int_or_string(unavailable),
                      "may not be 0 when `maxSurge` is 0");
  }
  validate_at_most_all(unavailable, api::child(path, "maxUnavailable"), errors);
}

class DeploymentStrategy final : public Strategy {
 public:
  void apply_defaults(Json& object) const override {
    default_template(object);
    Json& spec = object["spec"];
    if (string_at(spec, {"strategy", "type"}) != "RollingUpdate") return;
    Json& update = spec["strategy"]["rollingUpdate"];
    if (!update.is_object()) update = Json::object();
    for (const char* name : {"maxUnavailable", "maxSurge"}) {
      if (!update.contains(name)) update[name] = kDefaultStep;
    }
  }

  void prepare_for_status_update(Json& object, const Json& old_object, TimePoint now) const override {
    Strategy::prepare_for_status_update(object, old_object, now);
    Json& metadata = object["metadata"];
    metadata.erase("labels");
    if (const Json* labels = find(old_object, {"metadata", "labels"})) metadata["labels"] = *labels;
  }

  [[nodiscard]] api::managed_fields::FieldSet reset_fields(std::string_view subresource) const override {
    if (subresource == "status") return api::managed_fields::FieldSet{{"spec"}, {"metadata", "labels"}};
    return Strategy::reset_fields(subresource);
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    validate_selector(object, errors);
    // Upstream's word here is that of ReplicaSets.
    validate_lasting_template(object, "ReplicaSet", errors);
    const Json& spec = object.at("spec");
    if (const Json* strategy = find(spec, {"strategy"})) validate_deployment_strategy(*strategy, errors);
    const Json* deadline = find(spec, {"progressDeadlineSeconds"});
    if (deadline != nullptr && *deadline <= integer_at(spec, {"minReadySeconds"})) {
      errors.invalid("spec.progressDeadlineSeconds", *deadline, "must be greater than minReadySeconds");
    }
  }

  [[nodiscard]] bool counts_generation() const override { return true; }

  // Annotations count, too: they are copied to the ReplicaSets.
  [[nodiscard]] bool changes_generation(const Json& object, const Json& old_object) const override {
    auto annotations = [](const Json& of) { return of.at("metadata").value("annotations", Json::object()); };
    return Strategy::changes_generation(object, old_object) || annotations(object) != annotations(old_object);
  }

  void warn(const Json& object, const Json* old_object, std::vector<std::string>& warnings) const override {
    warn_of_workload(object, old_object, true, warnings);
  }
};

}  // namespace

Kind deployment_kind(const api::schema::Catalog& catalog) {
  Kind kind = apps_kind(catalog, "Deployment");
  kind.short_names = {"deploy"};
  kind.categories = {"all"};
  kind.has_status = true;
  kind.scale = workload_scale();
  kind.strategy = std::make_shared<DeploymentStrategy>();
  kind.table = deployment_table();
  return kind;
}

}  // namespace skiff::server
