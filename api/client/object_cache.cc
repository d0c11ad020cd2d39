#include "api/client/object_cache.h"

#include "api/base/check.h"
#include "api/views/meta.h"

#include <utility>

namespace skiff::api {

ObjectCache::ObjectCache(std::size_t awake, std::function<void()> woken)
    : max_awake_(awake), woken_(std::move(woken)) {}

void ObjectCache::add_index(const std::string& name, IndexFunction function) {
  const auto [added, is_new] = indexes_.try_emplace(name);
  if (!is_new) return;
  added->second.function = std::move(function);
  for (const auto& entry : objects_) {
    insert_entry(added->second, added->second.function(*entry.second.object.read()), entry);
  }
}

ObjectPtr ObjectCache::put(ObjectPtr object) {
  const auto entry = objects_.try_emplace(key_of(*object)).first;
  ObjectPtr previous = entry->second.object.read();
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
  const bool was_awake = entry->second.object.is_awake();
  entry->second.object = std::move(object);
  touch(entry->second, was_awake);
  return previous;
}

ObjectPtr ObjectCache::wake(const Entry& entry) const {
  const bool was_awake = entry.object.is_awake();
  ObjectPtr object = entry.object.wake();
  touch(entry, was_awake);
  return object;
}

void ObjectCache::touch(const Entry& entry, bool was_awake) const {
  if (max_awake_ == kAll) return;
  if (was_awake) {
    entry.place->round = round_;
    awake_.splice(awake_.end(), awake_, entry.place);
    return;
  }
  entry.place = awake_.insert(awake_.end(), Awake{&entry, round_});
  if (awake_.size() > max_awake_) let_first_rest();
  if (awake_.size() == 1) woken_();
}

void ObjectCache::let_first_rest() const {
  awake_.front().entry->object.rest();
  awake_.pop_front();
}

bool ObjectCache::rest_some(std::size_t max) {
  const auto is_due = [this] { return !awake_.empty() && awake_.front().round < round_; };
  for (; max > 0 && is_due(); --max) let_first_rest();
  return is_due();
}

ObjectPtr ObjectCache::remove(const NamespacedName& name) {
  const auto entry = objects_.find(name);
  if (entry == objects_.end()) return nullptr;
  ObjectPtr removed = entry->second.object.read();
  for (auto& [_, index] : indexes_) erase_entry(index, index.function(*removed), *entry);
  if (max_awake_ != kAll && entry->second.object.is_awake()) awake_.erase(entry->second.place);
  objects_.erase(entry);
  return removed;
}

ObjectPtr ObjectCache::get(const NamespacedName& name) const {
  const auto entry = objects_.find(name);
  return entry == objects_.end() ? nullptr : wake(entry->second);
}

std::vector<ObjectPtr> ObjectCache::list(const std::string& namespace_) const {
  std::vector<ObjectPtr> found;
  const NamespacedName first{namespace_, ""};
  for (auto entry = objects_.lower_bound(first); entry != objects_.end(); ++entry) {
    if (!namespace_.empty() && entry->first.namespace_ != namespace_) break;
    found.push_back(entry->second.object.read());
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
  for (const auto* entry : entries->second) found.push_back(wake(entry->second));
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
