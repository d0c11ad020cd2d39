#include "api/managed_fields/walk.h"

#include "api/managed_fields/slot.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace skiff::api::managed_fields {
namespace {

// Trees are built from the leaves up: a null is a tree without members.
void attach(Json& tree, const std::string& element, Json below) {
  if (!below.is_null()) tree[element] = std::move(below);
}

// Which elements are members besides the leaves.
enum class Inner {
  kAll,          // every value on the way (a value that appeared brought all of them)
  kNamedByUser,  // list items and members of maps; a struct's fields exist without anybody's doing
};

Json every_field(const Slot& slot, const Json& value, Inner inner, bool member);

Json every_item(const Slot& slot, Shape shape, const Json& list, Inner inner) {
  Json tree = Json::object();
  for (const Json& item : list) {
    const ItemName name = item_name(slot, shape, item);
    if (!name.error.empty()) continue;
    const bool repeated = tree.contains(name.element);
    tree[name.element] = repeated ? Json::object() : every_field(slot.element(), item, inner, true);
  }
  return tree;
}

Json every_member(const Slot& slot, Shape shape, const Json& object, Inner inner) {
  Json tree = Json::object();
  for (const auto& [name, value] : object.items()) {
    if (shape == Shape::kMap) {
      attach(tree, field_element(name), every_field(slot.element(), value, inner, true));
    } else if (const schema::Field* field = slot.structure->find(name)) {
      attach(tree, field_element(name), every_field(Slot::of(*field), value, inner, inner == Inner::kAll));
    }
  }
  return tree;
}

// The tree of a value with all that is in it. `member`: the value itself belongs to the set.
Json every_field(const Slot& slot, const Json& value, Inner inner, bool member) {
  const Shape shape = shape_of(slot);
  const bool is_list = shape == Shape::kSet || shape == Shape::kListMap;
  if (shape == Shape::kLeaf) return Json::object();
  if (is_hollow(value)) {
    // An empty list that was applied says nothing.
    return value.is_array() && !member ? Json() : Json::object();
  }
  if (is_list != value.is_array() || !value.is_structured()) return Json::object();
  Json tree = is_list ? every_item(slot, shape, value, inner) : every_member(slot, shape, value, inner);
  if (tree.empty()) return member ? tree : Json();
  if (member) tree[kSelf] = Json::object();
  return tree;
}

// Compares two documents. Nothing is allocated where they are the same.
class Comparison {
 public:
  struct Trees {
    Json added, modified, removed;
  };

  static void values(const Slot& slot, const Json* before, const Json* after, Trees& out) {
    if (before == nullptr) {
      out.added = every_field(slot, *after, Inner::kAll, true);
      return;
    }
    if (after == nullptr) {
      out.removed = every_field(slot, *before, Inner::kAll, true);
      return;
    }
    const Shape shape = shape_of(slot);
    const bool comparable = fits(shape, *before) && fits(shape, *after);
    if (shape == Shape::kLeaf || !comparable || (is_hollow(*before) && is_hollow(*after))) {
      if (*before != *after) out.modified = Json::object();
    } else if (shape == Shape::kStruct || shape == Shape::kMap) {
      members(slot, shape, *before, *after, out);
    } else if (*before != *after) {
      lists(slot, shape, *before, *after, out);
    }
  }

 private:
  static bool fits(Shape shape, const Json& value) {
    const bool is_list = shape == Shape::kSet || shape == Shape::kListMap;
    return value.is_null() || (is_list ? value.is_array() : value.is_object());
  }

  static void attach_all(Trees& out, const std::string& element, Trees below) {
    attach(out.added, element, std::move(below.added));
    attach(out.modified, element, std::move(below.modified));
    attach(out.removed, element, std::move(below.removed));
  }

  static void member(const Slot& slot, Shape shape, const std::string& name, const Json* before, const Json* after,
                     Trees& out) {
    const schema::Field* field = shape == Shape::kStruct ? slot.structure->find(name) : nullptr;
    if (shape == Shape::kStruct && field == nullptr) return;
    Trees below;
    values(field != nullptr ? Slot::of(*field) : slot.element(), before, after, below);
    if (below.added.is_null() && below.modified.is_null() && below.removed.is_null()) return;
    attach_all(out, field_element(name), std::move(below));
  }

  // Both maps are sorted: one pass over the two.
  static void members(const Slot& slot, Shape shape, const Json& before, const Json& after, Trees& out) {
    static const Json nothing = Json::object();
    const Json& left = before.is_null() ? nothing : before;
    const Json& right = after.is_null() ? nothing : after;
    auto a = left.begin();
    auto b = right.begin();
    while (a != left.end() || b != right.end()) {
      if (b == right.end() || (a != left.end() && a.key() < b.key())) {
        member(slot, shape, a.key(), &*a, nullptr, out);
        ++a;
      } else if (a == left.end() || b.key() < a.key()) {
        member(slot, shape, b.key(), nullptr, &*b, out);
        ++b;
      } else {
        member(slot, shape, a.key(), &*a, &*b, out);
        ++a, ++b;
      }
    }
  }

  struct Items {
    std::vector<const Json*> before, after;
  };

  static void items(const Slot& slot, const Items& named, Trees& below) {
    const Json* before = named.before.empty() ? nullptr : named.before.front();
    const Json* after = named.after.empty() ? nullptr : named.after.front();
    const bool repeated_before = named.before.size() > 1, repeated_after = named.after.size() > 1;
    if (repeated_before && repeated_after) {
      const bool same = std::equal(named.before.begin(), named.before.end(), named.after.begin(), named.after.end(),
                                   [](const Json* a, const Json* b) { return *a == *b; });
      if (!same) below.modified = Json::object();
    } else if (repeated_before) {
      if (after != nullptr) values(slot.element(), nullptr, after, below);
      below.removed = Json::object();
    } else if (repeated_after) {
      if (before != nullptr) values(slot.element(), before, nullptr, below);
      below.added = Json::object();
    } else {
      values(slot.element(), before, after, below);
    }
  }

  static void lists(const Slot& slot, Shape shape, const Json& before, const Json& after, Trees& out) {
    std::map<std::string, Items> by_name;
    for (const Json& item : before) {
      if (ItemName name = item_name(slot, shape, item); name.error.empty()) {
        by_name[std::move(name.element)].before.push_back(&item);
      }
    }
    for (const Json& item : after) {
      if (ItemName name = item_name(slot, shape, item); name.error.empty()) {
        by_name[std::move(name.element)].after.push_back(&item);
      }
    }
    for (const auto& [name, named] : by_name) {
      Trees below;
      items(slot, named, below);
      attach_all(out, name, std::move(below));
    }
  }
};

// Whether Go writes the field when it holds nothing.
bool is_always_there(const schema::Field& field) {
  if (field.required || field.always_present) return true;
  return field.default_value && (field.default_value->is_null() || *field.default_value == Json::object());
}

// What Go writes then.
Json blank_value(const schema::Type& type) {
  switch (type.kind) {
    case schema::TypeKind::kStruct:
      return blank_object(*type.structure);
    case schema::TypeKind::kString:
      return "";
    case schema::TypeKind::kBool:
      return false;
    case schema::TypeKind::kInt32:
    case schema::TypeKind::kInt64:
      return 0;
    default:
      return nullptr;
  }
}

}  // namespace

void Changes::exclude_below(const FieldSet& fields) {
  added.subtract_below(fields);
  modified.subtract_below(fields);
  removed.subtract_below(fields);
}

FieldSet fields_of(const schema::Struct& type, const Json& configuration) {
  return FieldSet::from_tree(every_field(Slot::of(type), configuration, Inner::kNamedByUser, false));
}

Changes compare(const schema::Struct& type, const Json& before, const Json& after) {
  Comparison::Trees trees;
  Comparison::values(Slot::of(type), &before, &after, trees);
  return Changes{FieldSet::from_tree(std::move(trees.added)), FieldSet::from_tree(std::move(trees.modified)),
                 FieldSet::from_tree(std::move(trees.removed))};
}

Json blank_object(const schema::Struct& type) {
  Json object = Json::object();
  for (const schema::Field& field : type.fields) {
    if (is_always_there(field)) object[field.name] = blank_value(field.type);
  }
  return object;
}

}  // namespace skiff::api::managed_fields
