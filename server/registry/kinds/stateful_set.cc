#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/kinds/warnings.h"
#include "server/registry/kinds/workload.h"
#include "server/registry/object_meta.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

// Members of the specification that an update may change.
constexpr const char* kMutable[] = {"replicas",       "ordinals",        "template",
                                    "updateStrategy", "minReadySeconds", "persistentVolumeClaimRetentionPolicy"};

void validate_stateful_strategy(const Json& spec, api::FieldErrors& errors) {
  const std::string path = "spec.updateStrategy";
  const Json& strategy = spec.at("updateStrategy");
  const std::string type = string_at(strategy, {"type"});
  const Json* update = find(strategy, {"rollingUpdate"});
  if (type == "OnDelete") {
    if (update != nullptr) {
      errors.invalid(api::child(path, "rollingUpdate"), *update, "only allowed for updateStrategy 'RollingUpdate'");
    }
  } else if (type != "RollingUpdate") {
    errors.invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'");
  }
}

// Upstream does not look into the pod's specification here: volumes may come from claims.
void validate_template(const Json& spec, api::FieldErrors& errors) {
  const std::string path = "spec.template";
  const Json& pod_template = spec.at("template");
  if (const Json* labels = find(pod_template, {"metadata", "labels"})) {
    validate_labels(*labels, api::child(path, "labels"), errors);
  }
  if (const Json* annotations = find(pod_template, {"metadata", "annotations"})) {
    validate_annotations(*annotations, api::child(path, "annotations"), errors);
  }
  const std::string policy = string_at(pod_template, {"spec", "restartPolicy"});
  if (policy == "OnFailure" || policy == "Never") {
    errors.not_supported(api::child(path, "spec.restartPolicy"), policy, {"Always"});
  }
  if (find(pod_template, {"spec", "activeDeadlineSeconds"}) != nullptr) {
    errors.forbidden(api::child(path, "spec.activeDeadlineSeconds"),
                     "activeDeadlineSeconds in StatefulSet is not Supported");
  }
}

class StatefulSetStrategy final : public Strategy {
 public:
  void apply_defaults(Json& object) const override {
    default_template(object);
    Json& spec = object["spec"];
    Json& strategy = spec["updateStrategy"];
    if (string_at(strategy, {"type"}) == "RollingUpdate" && find(strategy, {"rollingUpdate", "partition"}) == nullptr) {
      strategy["rollingUpdate"]["partition"] = 0;
    }
    // Behind a feature gate of upstream that is off.
    if (const auto update = strategy.find("rollingUpdate"); update != strategy.end()) update->erase("maxUnavailable");
    if (const auto templates = spec.find("volumeClaimTemplates"); templates != spec.end()) {
      for (Json& claim : *templates) {
        claim["apiVersion"] = "v1";
        claim["kind"] = "PersistentVolumeClaim";
      }
    }
  }

  void prepare_for_create(Json& object, TimePoint now) const override {
    Strategy::prepare_for_create(object, now);
    object["status"] = Json{{"replicas", 0}, {"availableReplicas", 0}};
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    const Json& spec = object.at("spec");
    const std::string policy = string_at(spec, {"podManagementPolicy"});
    if (policy != "OrderedReady" && policy != "Parallel") {
      errors.invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'");
    }
    validate_stateful_strategy(spec, errors);
    validate_selector(object, errors, "statefulset");
    validate_template(spec, errors);
  }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    Json spec = object.at("spec");
    Json old_spec = old_object.at("spec");
    for (const char* member : kMutable) {
      spec.erase(member);
      old_spec.erase(member);
    }
    if (spec == old_spec) return;
    errors.forbidden("spec",
                     "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                     "'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
  }

  void validate_status_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    const Json& status = object.at("status");
    const std::int64_t replicas = integer_at(status, {"replicas"});
    auto check = [&](const char* member, std::int64_t limit, const char* what) {
      const std::int64_t count = integer_at(status, {member});
      if (count > limit) errors.invalid(api::child("status", member), count, what);
    };
    for (const char* member : {"readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"}) {
      check(member, replicas, "cannot be greater than status.replicas");
    }
    check("availableReplicas", integer_at(status, {"readyReplicas"}), "cannot be greater than status.readyReplicas");
    const std::int64_t collisions = integer_at(status, {"collisionCount"});
    if (collisions < integer_at(old_object, {"status", "collisionCount"})) {
      errors.invalid("status.collisionCount", collisions, "cannot be decremented");
    }
  }

  [[nodiscard]] bool counts_generation() const override { return true; }

  void warn(const Json& object, const Json* old_object, std::vector<std::string>& warnings) const override {
    warn_of_workload(object, old_object, false, warnings);
    for_each_element(object.at("spec"), "volumeClaimTemplates", "spec",
                     [&](const Json& claim, const std::string& path) {
                       if (const Json* spec = find(claim, {"spec"})) warn_of_claim(*spec, path, warnings);
                     });
  }
};

}  // namespace

Kind stateful_set_kind(const api::schema::Catalog& catalog) {
  Kind kind = apps_kind(catalog, "StatefulSet");
  kind.short_names = {"sts"};
  kind.categories = {"all"};
  kind.has_status = true;
  kind.scale = workload_scale();
  kind.strategy = std::make_shared<StatefulSetStrategy>();
  kind.table = stateful_set_table();
  return kind;
}

}  // namespace skiff::server
