#include "api/client/object_cache.h"

#include "api/base/check.h"
#include "api/views/meta.h"

#include <utility>

namespace skiff::api {

void ObjectCache::add_index(const std::string& name, IndexFunction function) {
  const auto [added, is_new] = indexes_.try_emplace(name);
  if (!is_new) return;
  added->second.function = std::move(function);
  for (const auto& entry : objects_) {
    insert_entry(added->second, added->second.function(*entry.second.read()), entry);
  }
}

ObjectPtr ObjectCache::put(ObjectPtr object) {
  const auto entry = objects_.try_emplace(key_of(*object)).first;
  ObjectPtr previous = entry->second.read();
  entry->second = object;
  for (auto& [_, index] : indexes_) {
    const std::vector<std::string> values = index.function(*object);
    if (previous) {
      const std::vector<std::string> old_values = index.function(*previous);
      // As a rule an object stays where it is found.
      if (values == old_values) continue;
      erase_entry(index, old_values, *entry);
    }
    insert_entry(index, values, *entry);
  }
  if (awake_ != kAll) {
    latest_.emplace_back(entry->first, std::move(object));
    let_rest();
  }
  return previous;
}

void ObjectCache::let_rest() {
  while (latest_.size() > awake_) {
    const auto [name, object] = std::move(latest_.front());
    latest_.pop_front();
    const auto entry = objects_.find(name);
    // If it is still that version.
    if (entry != objects_.end() && entry->second.is_awake() && entry->second.read() == object) entry->second.rest();
  }
}

ObjectPtr ObjectCache::remove(const NamespacedName& name) {
  const auto entry = objects_.find(name);
  if (entry == objects_.end()) return nullptr;
  ObjectPtr removed = entry->second.read();
  for (auto& [_, index] : indexes_) erase_entry(index, index.function(*removed), *entry);
  objects_.erase(entry);
  return removed;
}

ObjectPtr ObjectCache::get(const NamespacedName& name) const {
  const auto entry = objects_.find(name);
  return entry == objects_.end() ? nullptr : entry->second.read();
}

std::vector<ObjectPtr> ObjectCache::list(const std::string& namespace_) const {
  std::vector<ObjectPtr> found;
  const NamespacedName first{namespace_, ""};
  for (auto entry = objects_.lower_bound(first); entry != objects_.end(); ++entry) {
    if (!namespace_.empty() && entry->first.namespace_ != namespace_) break;
    found.push_back(entry->second.read());
  }
  visited_ += found.size();
  return found;
}

std::vector<ObjectPtr> ObjectCache::by_index(const std::string& index, const std::string& value) const {
  const auto named = indexes_.find(index);
  CHECK_INVARIANT(named != indexes_.end());
  std::vector<ObjectPtr> found;
  const auto entries = named->second.entries.find(value);
  if (entries == named->second.entries.end()) return found;
  found.reserve(entries->second.size());
  for (const auto* entry : entries->second) found.push_back(entry->second.read());
  visited_ += found.size();
  return found;
}

std::vector<NamespacedName> ObjectCache::names() const {
  std::vector<NamespacedName> names;
  names.reserve(objects_.size());
  for (const auto& [name, _] : objects_) names.push_back(name);
  visited_ += names.size();
  return names;
}

void ObjectCache::insert_entry(Index& index, const std::vector<std::string>& values, const Objects::value_type& entry) {
  for (const std::string& value : values) index.entries[value].insert(&entry);
}

void ObjectCache::erase_entry(Index& index, const std::vector<std::string>& values, const Objects::value_type& entry) {
  for (const std::string& value : values) {
    const auto found = index.entries.find(value);
    if (found == index.entries.end()) continue;
    found->second.erase(&entry);
    if (found->second.empty()) index.entries.erase(found);
  }
}

}  // namespace skiff::api
