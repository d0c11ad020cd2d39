#include "api/views/persistent_volume.h"

#include "api/quantity.h"
#include "api/selector.h"
#include "api/views/meta.h"

#include <algorithm>
#include <tuple>

namespace skiff::api {

namespace {

Quantity quantity_at(const Json& object, std::initializer_list<std::string_view> path) {
  return Quantity::parse(string_at(object, path)).value_or(Quantity());
}

Quantity capacity_of(const Json& volume) { return quantity_at(volume, {"spec", "capacity", "storage"}); }

bool is_large_enough(const Json& volume, const Json& claim) {
  return capacity_of(volume) >= quantity_at(claim, {"spec", "resources", "requests", "storage"});
}

bool has_same_mode(const Json& volume, const Json& claim) {
  return string_at(volume, {"spec", "volumeMode"}, "Filesystem") ==
         string_at(claim, {"spec", "volumeMode"}, "Filesystem");
}

std::size_t count_modes(const Json& volume) {
  const Json* modes = find(volume, {"spec", "accessModes"});
  return modes == nullptr ? 0 : modes->size();
}

bool has_access_modes(const Json& volume, const Json& claim) {
  const Json* wanted = find(claim, {"spec", "accessModes"});
  const Json* offered = find(volume, {"spec", "accessModes"});
  if (wanted == nullptr) return true;
  return offered != nullptr && std::all_of(wanted->begin(), wanted->end(), [&](const Json& mode) {
           return std::find(offered->begin(), offered->end(), mode) != offered->end();
         });
}

bool is_selected(const Json& volume, const Json& claim) {
  const Json* selector = find(claim, {"spec", "selector"});
  if (selector == nullptr) return true;
  const auto parsed = LabelSelector::from_object(*selector);
  return parsed && parsed->matches_object_labels(labels_of(volume));
}

bool is_free(const Json& volume) {
  return string_at(volume, {"status", "phase"}) == "Available" && find(volume, {"spec", "claimRef"}) == nullptr;
}

bool is_less(const Json& a, const Json& b) {
  return std::make_tuple(count_modes(a), capacity_of(a), name_of(a)) <
         std::make_tuple(count_modes(b), capacity_of(b), name_of(b));
}

}  // namespace

std::string storage_class_of(const Json& volume_or_claim) {
  const std::string* annotated = annotation_of(volume_or_claim, kStorageClassAnnotation);
  return annotated != nullptr ? *annotated : string_at(volume_or_claim, {"spec", "storageClassName"});
}

bool lacks_storage_class(const Json& claim) {
  return annotation_of(claim, kStorageClassAnnotation) == nullptr &&
         find(claim, {"spec", "storageClassName"}) == nullptr;
}

bool is_reserved_for(const Json& volume, const Json& claim) {
  const Json* reference = find(volume, {"spec", "claimRef"});
  if (reference == nullptr) return false;
  const std::string uid = string_at(*reference, {"uid"});
  return string_at(*reference, {"name"}) == name_of(claim) &&
         string_at(*reference, {"namespace"}) == namespace_of(claim) && (uid.empty() || uid == uid_of(claim));
}

std::string why_unsuitable(const Json& volume, const Json& claim) {
  if (is_terminating(volume)) return "the volume is marked for deletion \"" + name_of(volume) + "\"";
  if (!is_large_enough(volume, claim)) return "requested PV is too small";
  if (storage_class_of(volume) != storage_class_of(claim)) return "storageClassName does not match";
  if (!has_same_mode(volume, claim)) return "incompatible volumeMode";
  if (!has_access_modes(volume, claim)) return "incompatible accessMode";
  return "";
}

ObjectPtr find_volume(const Json& claim, const std::vector<ObjectPtr>& volumes, bool only_reserved) {
  ObjectPtr best;
  for (const ObjectPtr& volume : volumes) {
    const bool fits = !is_terminating(*volume) && has_same_mode(*volume, claim) && is_large_enough(*volume, claim);
    if (!fits) continue;
    if (is_reserved_for(*volume, claim)) return volume;
    const bool suits =
        !only_reserved && is_free(*volume) && is_selected(*volume, claim) && why_unsuitable(*volume, claim).empty();
    if (suits && (!best || is_less(*volume, *best))) best = volume;
  }
  return best;
}

std::vector<std::string> by_claim(const Json& pod) {
  std::vector<std::string> claims;
  const Json* volumes = find(pod, {"spec", "volumes"});
  if (volumes == nullptr) return claims;
  const std::string prefix = namespace_of(pod) + "/";
  for (const Json& volume : *volumes) {
    const std::string name = string_at(volume, {"persistentVolumeClaim", "claimName"});
    if (!name.empty()) claims.push_back(prefix + name);
    // A claim made for a pod is called after the pod and the volume.
    if (volume.contains("ephemeral")) claims.push_back(prefix + name_of(pod) + "-" + string_at(volume, {"name"}));
  }
  return claims;
}

}  // namespace skiff::api
