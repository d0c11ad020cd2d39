#include "api/views/meta.h"
#include "api/views/persistent_volume.h"
#include "server/registry/tables/cells.h"
#include "server/registry/tables/tables.h"

#include <algorithm>
#include <array>
#include <utility>

namespace skiff::server {

namespace {

constexpr const char* kUnset = "<unset>";
constexpr std::array<std::pair<const char*, const char*>, 4> kShortModes = {
    {{"ReadWriteOnce", "RWO"}, {"ReadOnlyMany", "ROX"}, {"ReadWriteMany", "RWX"}, {"ReadWriteOncePod", "RWOP"}}};

// "RWO,RWX", of the access modes in a volume's specification or a claim's status.
std::string modes_cell(const Json& owner) {
  const Json* modes = find(owner, {"accessModes"});
  std::string text;
  for (const auto& [mode, short_name] : kShortModes) {
    const bool has_mode = modes != nullptr && std::find(modes->begin(), modes->end(), mode) != modes->end();
    if (has_mode) text.append(text.empty() ? "" : ",").append(short_name);
  }
  return text;
}

std::string phase_cell(const Json& object) {
  return api::is_terminating(object) ? "Terminating" : string_at(object, {"status", "phase"});
}

std::string class_cell(const Json& object) {
  const std::string* annotated = api::annotation_of(object, api::kStorageClassAnnotation);
  return annotated != nullptr ? *annotated : string_at(object, {"spec", "storageClassName"});
}

std::string claim_cell(const Json& volume) {
  const Json* claim = find(volume, {"spec", "claimRef"});
  return claim == nullptr ? "" : string_at(*claim, {"namespace"}) + "/" + string_at(*claim, {"name"});
}

std::vector<Json> volume_row(const Json& object, TimePoint now) {
  const Json& spec = object.at("spec");
  return {name_cell(object),
          string_at(spec, {"capacity", "storage"}),
          modes_cell(spec),
          string_at(spec, {"persistentVolumeReclaimPolicy"}),
          phase_cell(object),
          claim_cell(object),
          class_cell(object),
          string_at(spec, {"volumeAttributesClassName"}, kUnset),
          string_at(object, {"status", "reason"}),
          age_cell(object, now),
          string_at(spec, {"volumeMode"}, kUnset)};
}

std::vector<Json> claim_row(const Json& object, TimePoint now) {
  const std::string volume = string_at(object, {"spec", "volumeName"});
  const Json* status = find(object, {"status"});
  const bool has_volume = !volume.empty() && status != nullptr;
  return {name_cell(object),
          phase_cell(object),
          volume,
          has_volume ? string_at(*status, {"capacity", "storage"}, "0") : "",
          has_volume ? modes_cell(*status) : "",
          class_cell(object),
          string_at(object, {"spec", "volumeAttributesClassName"}, kUnset),
          age_cell(object, now),
          string_at(object, {"spec", "volumeMode"}, kUnset)};
}

bool is_default_class(const Json& object) {
  for (const char* name :
       {"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"}) {
    const std::string* value = api::annotation_of(object, name);
    if (value != nullptr && *value == "true") return true;
  }
  return false;
}

std::vector<Json> class_row(const Json& object, TimePoint now) {
  return {name_cell(object) + (is_default_class(object) ? " (default)" : ""),
          string_at(object, {"provisioner"}),
          string_at(object, {"reclaimPolicy"}, "Delete"),
          string_at(object, {"volumeBindingMode"}, "Immediate"),
          bool_at(object, {"allowVolumeExpansion"}),
          age_cell(object, now)};
}

}  // namespace

TableSpec persistent_volume_table() {
  return TableSpec{
      {name_column(), column("Capacity", "How much it holds."), column("Access Modes", "How it may be accessed."),
       column("Reclaim Policy", "What becomes of it when its claim is gone."), column("Status", "Its phase."),
       column("Claim", "The claim that it is bound to."), column("StorageClass", "The class that it belongs to."),
       column("VolumeAttributesClass", "Class of changeable attributes."), column("Reason", "Why it is in its phase."),
       age_column(), wide_column("VolumeMode", "Filesystem or Block.")},
      volume_row};
}

TableSpec persistent_volume_claim_table() {
  return TableSpec{
      {name_column(), column("Status", "Its phase."), column("Volume", "The volume that it is bound to."),
       column("Capacity", "How much the volume holds."), column("Access Modes", "How the volume may be accessed."),
       column("StorageClass", "The class that it asks for."),
       column("VolumeAttributesClass", "Class of changeable attributes."), age_column(),
       wide_column("VolumeMode", "Filesystem or Block.")},
      claim_row};
}

TableSpec storage_class_table() {
  return TableSpec{{name_column(), column("Provisioner", "Who makes the volumes."),
                    column("ReclaimPolicy", "What becomes of a volume when its claim is gone."),
                    column("VolumeBindingMode", "When a claim is bound."),
                    column("AllowVolumeExpansion", "Whether claims may grow."), age_column()},
                   class_row};
}

}  // namespace skiff::server
