#include "api/managed_fields/merge.h"

#include "api/managed_fields/slot.h"

#include <map>
#include <set>
#include <utility>

namespace skiff::api::managed_fields {
namespace {

// Null pointers stand for what is not there.
Json merge_values(const Slot& slot, const Json* live, const Json* applied);

Json merge_members(const Slot& slot, Shape shape, const Json& live, const Json& applied) {
  if (applied.is_null()) return live;
  Json merged = Json::object();
  for (const auto& [name, value] : live.items()) {
    if (!applied.contains(name)) merged[name] = value;
  }
  for (const auto& [name, value] : applied.items()) {
    const auto found = live.find(name);
    const Json* old_value = found == live.end() ? nullptr : &*found;
    if (shape == Shape::kMap) {
      merged[name] = merge_values(slot.element(), old_value, &value);
    } else if (const schema::Field* field = slot.structure->find(name)) {
      merged[name] = merge_values(Slot::of(*field), old_value, &value);
    }
  }
  return merged;
}

// Merges two lists whose items have names. What both have and what is new comes in the applied order; what only the
// live list has stays where it stands between the others:
//
//   live     a  x  b  c
//   applied  b  n  a
//   merged   x  b  c  n  a
class ListMerge {
 public:
  ListMerge(const Slot& slot, Shape shape, const Json& live, const Json& applied)
      : slot_(slot), live_(read(shape, live)), applied_(read(shape, applied)) {
    for (const Item& item : live_) live_by_name_[item.name].push_back(item.value);
    for (const Item& item : applied_) {
      applied_names_.insert(item.name);
      if (live_by_name_.contains(item.name)) shared_.push_back(item.name);
    }
  }

  Json run() {
    std::size_t live = 0, applied = 0;
    while (live < live_.size() || applied < applied_.size()) {
      if (live == live_.size()) {
        take_applied(applied_[applied++]);
        continue;
      }
      const std::string& name = live_[live].name;
      if (!applied_names_.contains(name)) {
        merged_.push_back(*live_[live++].value);
      } else if (applied < applied_.size() && name == applied_[applied].name) {
        take_applied(applied_[applied++]);
        ++live;
      } else if (taken_.contains(name) || !is_next_shared(name)) {
        ++live;  // has come already, or comes where the applied list has it
      } else {
        take_applied(applied_[applied++]);
      }
    }
    return Json(std::move(merged_));
  }

 private:
  struct Item {
    std::string name;
    const Json* value;
  };

  std::vector<Item> read(Shape shape, const Json& list) const {
    std::vector<Item> items;
    for (const Json& item : list) {
      ItemName name = item_name(slot_, shape, item);
      if (name.error.empty()) items.push_back({std::move(name.element), &item});
    }
    return items;
  }

  [[nodiscard]] bool is_next_shared(const std::string& name) const {
    return next_shared_ < shared_.size() && shared_[next_shared_] == name;
  }

  // An item that the live list has several times is merged with none of them.
  void take_applied(const Item& item) {
    const auto found = live_by_name_.find(item.name);
    const bool merges = found != live_by_name_.end() && found->second.size() == 1;
    merged_.push_back(merge_values(slot_.element(), merges ? found->second.front() : nullptr, item.value));
    taken_.insert(item.name);
    if (is_next_shared(item.name)) ++next_shared_;
  }

  Slot slot_;
  std::vector<Item> live_, applied_;
  std::map<std::string, std::vector<const Json*>> live_by_name_;
  std::set<std::string> applied_names_;
  std::vector<std::string> shared_;  // names that both have, in the applied order
  std::size_t next_shared_ = 0;
  std::set<std::string> taken_;
  Json::array_t merged_;
};

Json merge_values(const Slot& slot, const Json* live, const Json* applied) {
  static const Json nothing;
  const Json& old_value = live == nullptr ? nothing : *live;
  const Shape shape = shape_of(slot);
  if (shape == Shape::kLeaf || (is_hollow(old_value) && is_hollow(*applied))) return *applied;
  if (shape == Shape::kStruct || shape == Shape::kMap) return merge_members(slot, shape, old_value, *applied);
  return ListMerge(slot, shape, old_value, *applied).run();
}

void cut(const Slot& slot, Json& value, const Json& tree);

// Whether a part is dropped; if not, what the tree has below it is cut off.
bool drops(const Slot& slot, const std::string& element, Json& part, const Json& tree) {
  const auto found = tree.find(element);
  if (found == tree.end()) return false;
  if (is_member(*found)) return true;
  cut(slot, part, *found);
  return false;
}

bool drops_member(const Slot& slot, Shape shape, const std::string& name, Json& member, const Json& tree) {
  if (shape == Shape::kMap) return drops(slot.element(), field_element(name), member, tree);
  const schema::Field* field = slot.structure->find(name);
  return field != nullptr && drops(Slot::of(*field), field_element(name), member, tree);
}

// What nothing is left of becomes null, as upstream.
void cut(const Slot& slot, Json& value, const Json& tree) {
  const Shape shape = shape_of(slot);
  if (shape == Shape::kLeaf || is_hollow(value)) return;
  if (shape == Shape::kStruct || shape == Shape::kMap) {
    for (auto member = value.begin(); member != value.end();) {
      const bool dropped = drops_member(slot, shape, member.key(), *member, tree);
      member = dropped ? value.erase(member) : std::next(member);
    }
  } else {
    std::erase_if(value.get_ref<Json::array_t&>(), [&](Json& item) {
      const ItemName name = item_name(slot, shape, item);
      return name.error.empty() && drops(slot.element(), name.element, item, tree);
    });
  }
  if (value.empty()) value = nullptr;
}

void add_parents(const Slot& slot, Json& tree) {
  const Shape shape = shape_of(slot);
  for (auto& [element, below] : tree.items()) {
    if (element == kSelf || below.empty()) continue;
    const auto name = field_name(element);
    if (shape == Shape::kStruct && name) {
      if (const schema::Field* field = slot.structure->find(*name)) {
        add_parents(Slot::of(*field), below);
        below[kSelf] = Json::object();
      }
    } else if (shape == Shape::kMap || shape == Shape::kListMap) {
      add_parents(slot.element(), below);
    }
  }
}

}  // namespace

Json merge(const schema::Struct& type, const Json& live, const Json& configuration) {
  return merge_values(Slot::of(type), &live, &configuration);
}

Json without(const schema::Struct& type, const Json& object, const FieldSet& fields) {
  Json left = object;
  cut(Slot::of(type), left, fields.tree());
  if (left.is_null()) left = Json::object();
  return left;
}

FieldSet with_parents(const schema::Struct& type, const FieldSet& fields) {
  Json tree = fields.tree();
  add_parents(Slot::of(type), tree);
  return FieldSet::from_tree(std::move(tree));
}

}  // namespace skiff::api::managed_fields
