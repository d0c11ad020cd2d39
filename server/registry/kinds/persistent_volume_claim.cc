#include "api/quantity.h"
#include "api/views/meta.h"
#include "api/views/persistent_volume.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/label_selector.h"
#include "server/registry/kinds/storage.h"
#include "server/registry/kinds/warnings.h"
#include "server/registry/tables/tables.h"

#include <string>

namespace skiff::server {

namespace {

// What named a claim's class before spec.storageClassName did.

// dataSource is the older, narrower form of dataSourceRef: each follows the other.
void normalize_data_sources(Json& spec) {
  const Json* source = find(spec, {"dataSource"});
  const Json* reference = find(spec, {"dataSourceRef"});
  if (source != nullptr && reference == nullptr) {
    spec["dataSourceRef"] = *source;
  } else if (source == nullptr && reference != nullptr && !reference->contains("namespace")) {
    Json copy = *reference;
    spec["dataSource"] = std::move(copy);
  }
}

void validate_data_source(const Json& spec, const char* member, api::FieldErrors& errors) {
  const Json* source = find(spec, {member});
  if (source == nullptr) return;
  const std::string kind = string_at(*source, {"kind"});
  if (string_at(*source, {"apiGroup"}).empty() && kind != "PersistentVolumeClaim") {
    errors.invalid(api::child("spec", member), kind,
                   "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  }
}

std::optional<api::Quantity> storage_of(const Json* resources) {
  if (resources == nullptr) return std::nullopt;
  return api::Quantity::parse(string_at(*resources, {"storage"}));
}

// The old specification with those changes that a claim may see: the volume it is bound to, once; the class that it
// had none of; and, once bound, its size.
Json with_allowed_changes(const Json& object, const Json& old_object) {
  const Json& spec = object.at("spec");
  Json allowed = old_object.at("spec");
  auto take = [&](const char* member) {
    allowed.erase(member);
    if (spec.contains(member)) allowed[member] = spec.at(member);
  };
  if (string_at(allowed, {"volumeName"}).empty()) take("volumeName");
  const bool was_annotated = api::annotation_of(old_object, api::kStorageClassAnnotation) != nullptr;
  if (!allowed.contains("storageClassName") && !was_annotated) take("storageClassName");
  take("volumeAttributesClassName");
  const Json* size = find(spec, {"resources", "requests", "storage"});
  if (string_at(object, {"status", "phase"}) == "Bound" && size != nullptr) {
    allowed["resources"]["requests"]["storage"] = *size;
  }
  return allowed;
}

class PersistentVolumeClaimStrategy final : public Strategy {
 public:
  void prepare_for_create(Json& object, TimePoint) const override {
    object["status"] = Json{{"phase", "Pending"}};
    normalize_data_sources(object["spec"]);
  }

  void prepare_for_update(Json& object, const Json& old_object, TimePoint now) const override {
    Strategy::prepare_for_update(object, old_object, now);
    normalize_data_sources(object["spec"]);
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    const Json& spec = object.at("spec");
    if (const Json* selector = find(spec, {"selector"})) validate_label_selector(*selector, "spec.selector", errors);
    validate_access_modes(spec, "spec", "at least 1 access mode is required", errors);
    const std::string size_path = "spec.resources[storage]";
    if (const Json* size = find(spec, {"resources", "requests", "storage"})) {
      validate_positive_quantity(*size, size_path, errors);
    } else {
      errors.required(size_path);
    }
    validate_storage_class_name(object, errors);
    validate_data_source(spec, "dataSource", errors);
    validate_data_source(spec, "dataSourceRef", errors);
  }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    if (object.at("spec") != with_allowed_changes(object, old_object)) {
      errors.forbidden("spec",
                       "spec is immutable after creation except resources.requests and volumeAttributesClassName for "
                       "bound claims");
    }
    const auto size = storage_of(find(object, {"spec", "resources", "requests"}));
    const auto old_size = storage_of(find(old_object, {"spec", "resources", "requests"}));
    const auto given = storage_of(find(old_object, {"status", "capacity"}));
    if (size && old_size && *size < *old_size && *size <= given.value_or(api::Quantity())) {
      errors.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
    }
    const std::string mode = string_at(object, {"spec", "volumeMode"});
    if (mode != string_at(old_object, {"spec", "volumeMode"})) {
      errors.invalid("volumeMode", mode, "field is immutable");
    }
  }

  [[nodiscard]] const std::vector<SelectableField>& selectable_fields() const override {
    static const std::vector<SelectableField> fields = {
        {"name", [](const Json& object) { return api::name_of(object); }}};
    return fields;
  }

  void warn(const Json& object, const Json*, std::vector<std::string>& warnings) const override {
    warn_of_class_annotation(object, warnings);
    warn_of_claim(object.at("spec"), "spec", warnings);
  }
};

}  // namespace

Kind persistent_volume_claim_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "PersistentVolumeClaim";
  kind.plural = "persistentvolumeclaims";
  kind.singular = "persistentvolumeclaim";
  kind.short_names = {"pvc"};
  kind.has_status = true;
  kind.versions = {served_version(catalog, "", "v1", "PersistentVolumeClaim")};
  kind.returns_deleted_object = true;
  kind.strategy = std::make_shared<PersistentVolumeClaimStrategy>();
  kind.table = persistent_volume_claim_table();
  return kind;
}

}  // namespace skiff::server
