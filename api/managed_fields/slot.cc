#include "api/managed_fields/slot.h"

#include "api/managed_fields/path_element.h"

namespace skiff::api::managed_fields {
namespace {

using schema::ListType;
using schema::TypeKind;

Slot slot_of(const schema::Type& type, const schema::Field* field) {
  return Slot{&type, field, type.kind == TypeKind::kStruct ? type.structure : nullptr};
}

// A key that an item leaves out has the default of its field.
const Json* key_value(const schema::Struct* structure, const Json& item, const std::string& name) {
  if (const auto found = item.find(name); found != item.end()) return &*found;
  const schema::Field* field = structure == nullptr ? nullptr : structure->find(name);
  return field != nullptr && field->default_value ? &*field->default_value : nullptr;
}

ItemName keyed_item(const Slot& list, const Json& item) {
  if (item.is_null()) return {"", "associative list with keys may not have a null element"};
  if (!item.is_object()) return {"", "associative list with keys may not have non-map elements"};
  Json keys = Json::object();
  for (const std::string& name : list.field->list_map_keys) {
    const Json* value = key_value(list.element().structure, item, name);
    if (value == nullptr) {
      return {"", "associative list with keys has an element that omits key field " + to_json_text(name) +
                      " (and doesn't have default value)"};
    }
    keys[name] = *value;
  }
  return {key_element(keys), ""};
}

ItemName set_item(const Json& item) {
  if (item.is_object()) return {"", "associative list without keys has an element that's a map type"};
  if (item.is_array()) return {"", "not supported: associative list with lists as elements"};
  if (item.is_null()) return {"", "associative list without keys has an element that's an explicit null"};
  return {value_element(item), ""};
}

}  // namespace

Slot Slot::of(const schema::Struct& structure) { return Slot{nullptr, nullptr, &structure}; }

Slot Slot::of(const schema::Field& field) { return slot_of(field.type, &field); }

Slot Slot::element() const { return slot_of(*type->element, nullptr); }

Shape shape_of(const Slot& slot) {
  const bool atomic_field = slot.field != nullptr && slot.field->atomic;
  if (slot.structure != nullptr) return atomic_field || slot.structure->atomic ? Shape::kLeaf : Shape::kStruct;
  switch (slot.type->kind) {
    case TypeKind::kMap:
      return atomic_field ? Shape::kLeaf : Shape::kMap;
    case TypeKind::kList:
      // A list in a list or in a map has nothing that says how to merge it.
      if (slot.field == nullptr || slot.field->list_type == ListType::kAtomic) return Shape::kLeaf;
      return slot.field->list_type == ListType::kSet ? Shape::kSet : Shape::kListMap;
    default:
      return Shape::kLeaf;
  }
}

bool is_hollow(const Json& value) { return value.is_null() || (value.is_structured() && value.empty()); }

ItemName item_name(const Slot& list, Shape shape, const Json& item) {
  return shape == Shape::kSet ? set_item(item) : keyed_item(list, item);
}

}  // namespace skiff::api::managed_fields
