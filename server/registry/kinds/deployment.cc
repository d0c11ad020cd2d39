#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/kinds/workload.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

constexpr const char* kDefaultStep = "25%";

// The percentage of "25%", or nothing.
std::optional<std::int64_t> percentage(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.get_ref<const std::string&>();
  if (text.size() < 2 || text.size() > 7 || text.back() != '%') return std::nullopt;
  std::int64_t number = 0;
  for (const char c : std::string_view(text).substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

void validate_step(const Json& value, const std::string& path, api::FieldErrors& errors) {
  if (value.is_number()) {
    if (value < 0) errors.invalid(path, value, "must be greater than or equal to 0");
  } else if (!percentage(value)) {
    errors.invalid(path, value,
                   "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
                   "regex used for validation is '[0-9]+%')");
  }
}

bool is_zero(const Json& value) { return value.is_number() ? value == 0 : percentage(value) == 0; }

void validate_strategy(const Json& strategy, api::FieldErrors& errors) {
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
  if (is_zero(unavailable) && is_zero(surge)) {
    errors.invalid(api::child(path, "maxUnavailable"), unavailable, "may not be 0 when `maxSurge` is 0");
  }
  if (percentage(unavailable).value_or(0) > 100) {
    errors.invalid(api::child(path, "maxUnavailable"), unavailable, "must not be greater than 100%");
  }
}

class DeploymentStrategy final : public Strategy {
 public:
  void apply_defaults(Json& object) const override {
    Json& spec = object["spec"];
    if (find(spec, {"template", "spec"}) != nullptr) default_pod_spec(spec["template"]["spec"]);
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
    const Json& spec = object.at("spec");
    if (const Json* template_ = find(spec, {"template"})) validate_pod_template(*template_, "spec.template", errors);
    if (const Json* strategy = find(spec, {"strategy"})) validate_strategy(*strategy, errors);
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
};

}  // namespace

Kind deployment_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "Deployment";
  kind.plural = "deployments";
  kind.singular = "deployment";
  kind.short_names = {"deploy"};
  kind.categories = {"all"};
  kind.has_status = true;
  kind.scale = workload_scale();
  kind.versions = {served_version(catalog, "apps", "v1", "Deployment"),
                   served_version(catalog, "apps", "v1beta2", "Deployment")};
  kind.versions[1].deprecation_warning =
      "apps/v1beta2 Deployment is deprecated in v1.9+, unavailable in v1.16+; use apps/v1 Deployment";
  kind.strategy = std::make_shared<DeploymentStrategy>();
  kind.table = deployment_table();
  return kind;
}

}  // namespace skiff::server
