#include "api/managed_fields/scale.h"

#include <algorithm>
#include <utility>

namespace skiff::api::managed_fields {
namespace {

// In all versions of all kinds, and in the Scale itself.
const FieldSet& replicas() {
  static const FieldSet field{{"spec", "replicas"}};
  return field;
}

bool owns_replicas(const Manager& manager) { return manager.fields.contains({"spec", "replicas"}); }

// The same manager of parent and Scale, whatever the version.
const Manager* counterpart(const Managers& managers, const Manager& of) {
  const auto& all = managers.all();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Manager& each) {
    return each.name == of.name && each.applied == of.applied && each.subresource == of.subresource;
  });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

Managers managers_of_scale(const Versions& parent_versions, const Managers& parent) {
  Managers scale;
  for (const Manager& manager : parent.all()) {
    if (parent_versions.type_of(manager.api_version) == nullptr || !owns_replicas(manager)) continue;
    Manager shown = manager;
    shown.api_version = kScaleVersion;
    shown.fields = replicas();
    scale.put(std::move(shown));
  }
  return scale;
}

Managers managers_of_parent(const Versions& parent_versions, const Managers& parent, const Managers& scale,
                            const std::string& api_version) {
  Managers result;
  Managers kept;
  for (Manager manager : parent.all()) {
    if (parent_versions.type_of(manager.api_version) == nullptr) continue;
    if (owns_replicas(manager)) {
      const Manager* still = counterpart(scale, manager);
      if (still != nullptr && owns_replicas(*still)) {
        kept.put(manager);
      } else {
        manager.fields.subtract(replicas());
      }
    }
    if (!manager.fields.empty()) result.put(std::move(manager));
  }
  for (const Manager& manager : scale.all()) {
    if (!owns_replicas(manager) || counterpart(kept, manager) != nullptr) continue;
    Manager added = manager;
    added.api_version = api_version;
    added.time.clear();  // upstream keeps none
    added.fields = replicas();
    if (const Manager* same = result.find(added)) {
      added.time = same->time;
      added.fields.add(same->fields);
    }
    result.put(std::move(added));
  }
  return result;
}

}  // namespace skiff::api::managed_fields
