#include "api/views/meta.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/warnings.h"
#include "server/registry/kinds/workload.h"
#include "server/registry/tables/tables.h"

#include <algorithm>
#include <charconv>

namespace skiff::server {

namespace {

// Upstream counts the changes of the template in an internal field, which apps/v1 shows as this annotation.
constexpr const char* kTemplateGeneration = "deprecated.daemonset.template.generation";

std::int64_t template_generation(const Json& object) {
  const std::string* text = api::annotation_of(object, kTemplateGeneration);
  std::int64_t generation = 0;
  if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), generation);
  return generation;
}

void set_template_generation(Json& object, std::int64_t generation) {
  object["metadata"]["annotations"][kTemplateGeneration] = std::to_string(generation);
}

void validate_rolling_update(const Json& update, const std::string& path, api::FieldErrors& errors) {
  const Json unavailable = update.value("maxUnavailable", Json(0));
  const Json surge = update.value("maxSurge", Json(0));
  const std::string unavailable_path = api::child(path, "maxUnavailable");
  const std::string surge_path = api::child(path, "maxSurge");
  validate_step(unavailable, unavailable_path, errors);
  validate_step(surge, surge_path, errors);
  validate_at_most_all(unavailable, unavailable_path, errors);
  validate_at_most_all(surge, surge_path, errors);
  if (!is_zero_step(unavailable) && !is_zero_step(surge)) {
    errors.invalid(surge_path, surge, "may not be set when `maxUnavailable` is non-zero");
  } else if (is_zero_step(unavailable) && is_zero_step(surge)) {
    errors.required(unavailable_path, "cannot be 0 when `maxSurge` is 0");
  }
}

void validate_daemon_strategy(const Json& strategy, api::FieldErrors& errors) {
  const std::string path = "spec.updateStrategy";
  const std::string type = string_at(strategy, {"type"});
  if (type == "OnDelete") return;
  if (type != "RollingUpdate") {
    // Upstream reports the whole of its internal struct.
    const Json* update = find(strategy, {"rollingUpdate"});
    return errors.not_supported(path, Json{{"Type", type}, {"RollingUpdate", update == nullptr ? Json() : *update}},
                                {"RollingUpdate", "OnDelete"});
  }
  if (const Json* update = find(strategy, {"rollingUpdate"})) {
    validate_rolling_update(*update, api::child(path, "rollingUpdate"), errors);
  }
}

class DaemonSetStrategy final : public Strategy {
 public:
  void apply_defaults(Json& object) const override {
    default_template(object);
    if (string_at(object, {"spec", "updateStrategy", "type"}) != "RollingUpdate") return;
    Json& update = object["spec"]["updateStrategy"]["rollingUpdate"];
    if (!update.is_object()) update = Json::object();
    if (!update.contains("maxUnavailable")) update["maxUnavailable"] = 1;
    if (!update.contains("maxSurge")) update["maxSurge"] = 0;
  }

  void prepare_for_create(Json& object, TimePoint now) const override {
    Strategy::prepare_for_create(object, now);
    object["status"] = Json{
        {"currentNumberScheduled", 0}, {"desiredNumberScheduled", 0}, {"numberMisscheduled", 0}, {"numberReady", 0}};
    set_template_generation(object, std::max<std::int64_t>(1, template_generation(object)));
  }

  void prepare_for_update(Json& object, const Json& old_object, TimePoint now) const override {
    Strategy::prepare_for_update(object, old_object, now);
    const bool changed = object["spec"].value("template", Json()) != old_object.at("spec").value("template", Json());
    set_template_generation(object, template_generation(old_object) + (changed ? 1 : 0));
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    validate_selector(object, errors, "daemonset");
    validate_lasting_template(object, "DaemonSet", errors);
    if (const Json* strategy = find(object, {"spec", "updateStrategy"})) validate_daemon_strategy(*strategy, errors);
  }

  void validate_status_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    const Json* collisions = find(object, {"status", "collisionCount"});
    const std::int64_t old_collisions = integer_at(old_object, {"status", "collisionCount"});
    if (collisions != nullptr ? *collisions < old_collisions : old_collisions > 0) {
      errors.invalid("status.collisionCount", collisions == nullptr ? Json(0) : *collisions, "cannot be decremented");
    }
  }

  [[nodiscard]] bool counts_generation() const override { return true; }

  void warn(const Json& object, const Json* old_object, std::vector<std::string>& warnings) const override {
    warn_of_workload(object, old_object, false, warnings);
  }
};

}  // namespace

Kind daemon_set_kind(const api::schema::Catalog& catalog) {
  Kind kind = apps_kind(catalog, "DaemonSet");
  kind.short_names = {"ds"};
  kind.categories = {"all"};
  kind.has_status = true;
  kind.strategy = std::make_shared<DaemonSetStrategy>();
  kind.table = daemon_set_table();
  return kind;
}

}  // namespace skiff::server
