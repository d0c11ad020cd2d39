#include "server/controllers/orphans.h"

#include "api/client/indexes.h"
#include "api/views/meta.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

constexpr const char* kOrphansByLabel = "orphans by label";
constexpr const char* kBySelectedLabel = "selected label";

std::vector<std::string> orphans_by_label(const Json& object) {
  if (api::controller_of(object) != nullptr) return {};
  return api::by_label(object);
}

// A label that everything carries which the owner selects; empty when its selector names none.
std::string selected_label(const Json& owner) {
  const Json* selector = find(owner, {"spec", "selector"});
  if (selector == nullptr || !selector->is_object()) return "";
  const Json* labels = find(*selector, {"matchLabels"});
  if (labels == nullptr) labels = selector;
  for (const auto& [name, value] : labels->items()) {
    if (value.is_string()) return api::label_value(api::namespace_of(owner), name, value.get<std::string>());
  }
  return "";
}

std::string any_label(const std::string& namespace_) { return "any in " + namespace_; }

std::vector<std::string> by_selected_label(const Json& owner) {
  std::string label = selected_label(owner);
  if (label.empty()) label = any_label(api::namespace_of(owner));
  return {std::move(label)};
}

}  // namespace

void add_selector_index(api::Informer& owners) { owners.add_index(kBySelectedLabel, by_selected_label); }

void add_orphan_indexes(api::Informer& owners, api::Informer& objects) {
  add_selector_index(owners);
  objects.add_index(kOrphansByLabel, orphans_by_label);
  objects.add_index(api::kByController, api::by_controller);
}

std::vector<ObjectPtr> orphans_near(const api::Informer& objects, const Json& owner) {
  const std::string label = selected_label(owner);
  if (!label.empty()) return objects.cache().by_index(kOrphansByLabel, label);
  return objects.cache().by_index(api::kByController, api::orphan_value(api::namespace_of(owner)));
}

std::vector<ObjectPtr> adoption_candidates(const api::Informer& objects, const Json& owner) {
  std::vector<ObjectPtr> candidates = objects.cache().by_index(api::kByController, api::uid_of(owner));
  for (ObjectPtr& orphan : orphans_near(objects, owner)) candidates.push_back(std::move(orphan));
  return candidates;
}

std::vector<ObjectPtr> possible_owners(const api::Informer& owners, const Json& object) {
  std::vector<ObjectPtr> found = owners.cache().by_index(kBySelectedLabel, any_label(api::namespace_of(object)));
  for (const std::string& label : api::by_label(object)) {
    for (ObjectPtr& owner : owners.cache().by_index(kBySelectedLabel, label)) found.push_back(std::move(owner));
  }
  return found;
}

}  // namespace skiff::controllers
