#include "api/views/meta.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/storage.h"
#include "server/registry/kinds/warnings.h"
#include "server/registry/tables/tables.h"

#include <set>
#include <string>

namespace skiff::server {

namespace {

// Members of a volume's specification that are no source.
const std::set<std::string, std::less<>> kOtherMembers = {"accessModes",      "capacity",
                                                          "claimRef",         "mountOptions",
                                                          "nodeAffinity",     "persistentVolumeReclaimPolicy",
                                                          "storageClassName", "volumeAttributesClassName",
                                                          "volumeMode"};

constexpr const char* kMountOptions = "volume.beta.kubernetes.io/mount-options";

constexpr std::pair<const char*, std::string_view> kDeprecatedSources[] = {
    {"photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
    {"scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
    {"storageos", "deprecated in v1.22, non-functional in v1.25+"},
    {"glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
    {"cephfs", "deprecated in v1.28, non-functional in v1.31+"},
    {"rbd", "deprecated in v1.28, non-functional in v1.31+"}};

// The source as {"hostPath": {...}}; all of them when there are several.
Json sources_of(const Json& spec) {
  Json sources = Json::object();
  for (const auto& [name, value] : spec.items()) {
    if (!kOtherMembers.contains(name)) sources[name] = value;
  }
  return sources;
}

void validate_capacity(const Json& spec, api::FieldErrors& errors) {
  const Json* capacity = find(spec, {"capacity"});
  if (capacity == nullptr || capacity->empty()) return errors.required("spec.capacity");
  if (capacity->size() > 1 || !capacity->contains("storage")) {
    errors.not_supported("spec.capacity", *capacity, {"storage"});
  }
  for (const auto& [resource, quantity] : capacity->items()) {
    validate_positive_quantity(quantity, api::key("spec.capacity", resource), errors);
  }
}

void validate_path(const std::string& text, const std::string& path, api::FieldErrors& errors) {
  if (("/" + text + "/").find("/../") != std::string::npos) errors.invalid(path, text, "must not contain '..'");
}

void validate_source(const Json& spec, api::FieldErrors& errors) {
  const Json sources = sources_of(spec);
  if (sources.empty()) return errors.required("spec", "must specify a volume type");
  bool first = true;
  for (const auto& [name, source] : sources.items()) {
    const std::string path = api::child("spec", name);
    if (!first) errors.forbidden(path, "may not specify more than 1 volume type");
    first = false;
    if (name != "hostPath" && name != "local") continue;
    validate_path(string_at(source, {"path"}), api::child(path, "path"), errors);
  }
  if (sources.contains("local") && find(spec, {"nodeAffinity"}) == nullptr) {
    errors.required("spec.nodeAffinity", "Local volume requires node affinity");
  }
  const bool recycles = string_at(spec, {"persistentVolumeReclaimPolicy"}) == "Recycle";
  if (recycles && string_at(spec, {"hostPath", "path"}) == "/") {
    errors.forbidden("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'");
  }
}

class PersistentVolumeStrategy final : public Strategy {
 public:
  void prepare_for_create(Json& object, TimePoint now) const override {
    object["status"] = Json{{"phase", "Pending"}, {"lastPhaseTransitionTime", format_time(now)}};
  }

  void prepare_for_status_update(Json& object, const Json& old_object, TimePoint now) const override {
    Strategy::prepare_for_status_update(object, old_object, now);
    constexpr const char* kTime = "lastPhaseTransitionTime";
    const std::string old_time = string_at(old_object, {"status", kTime});
    const std::string time = string_at(object, {"status", kTime});
    const bool same_phase = string_at(object, {"status", "phase"}) == string_at(old_object, {"status", "phase"});
    if (same_phase && time.empty() && !old_time.empty()) object["status"][kTime] = old_time;
    if (!same_phase && (time.empty() || time == old_time)) object["status"][kTime] = format_time(now);
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    const Json& spec = object.at("spec");
    validate_access_modes(spec, "spec", "", errors);
    validate_capacity(spec, errors);
    const Json* affinity = find(spec, {"nodeAffinity"});
    if (affinity != nullptr && !affinity->contains("required")) {
      errors.required("spec.nodeAffinity.required", "must specify required node constraints");
    }
    validate_source(spec, errors);
    validate_storage_class_name(object, errors);
  }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    const Json& spec = object.at("spec");
    const Json& old_spec = old_object.at("spec");
    if (sources_of(spec) != sources_of(old_spec)) {
      errors.forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
    }
    const std::string mode = string_at(spec, {"volumeMode"});
    if (mode != string_at(old_spec, {"volumeMode"})) errors.invalid("volumeMode", mode, "field is immutable");
    const Json* old_affinity = find(old_spec, {"nodeAffinity"});
    const Json affinity = spec.value("nodeAffinity", Json());
    if (old_affinity != nullptr && *old_affinity != affinity) {
      errors.invalid("nodeAffinity", affinity, "field is immutable");
    }
  }

  [[nodiscard]] const std::vector<SelectableField>& selectable_fields() const override {
    static const std::vector<SelectableField> fields = {
        {"name", [](const Json& object) { return api::name_of(object); }}};
    return fields;
  }

  void warn(const Json& object, const Json*, std::vector<std::string>& warnings) const override {
    warn_of_class_annotation(object, warnings);
    if (api::annotation_of(object, kMountOptions) != nullptr) {
      warn_at(api::key("metadata.annotations", kMountOptions),
              "deprecated since v1.31; use \"mountOptions\" attribute instead", warnings);
    }
    const Json& spec = object.at("spec");
    if (string_at(spec, {"persistentVolumeReclaimPolicy"}) == "Recycle") {
      warn_at("spec.persistentVolumeReclaimPolicy",
              "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic "
              "provisioning.",
              warnings);
    }
    if (const Json* terms = find(spec, {"nodeAffinity", "required", "nodeSelectorTerms"})) {
      warn_of_node_selector_terms(*terms, "spec.nodeAffinity.required.nodeSelectorTerms", warnings);
    }
    for (const auto& [source, text] : kDeprecatedSources) {
      if (spec.contains(source)) warn_at(api::child("spec", source), text, warnings);
    }
  }
};

}  // namespace

Kind persistent_volume_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "PersistentVolume";
  kind.plural = "persistentvolumes";
  kind.singular = "persistentvolume";
  kind.short_names = {"pv"};
  kind.namespaced = false;
  kind.has_status = true;
  kind.versions = {served_version(catalog, "", "v1", "PersistentVolume")};
  kind.returns_deleted_object = true;
  kind.strategy = std::make_shared<PersistentVolumeStrategy>();
  kind.table = persistent_volume_table();
  return kind;
}

}  // namespace skiff::server
