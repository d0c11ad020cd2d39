#pragma once

#include "api/base/json.h"
#include "api/schema/schema.h"

#include <string>
#include <string_view>

// How the values of a document hang together for server-side apply: what is owned as a whole, and what part by part.
namespace skiff::api::managed_fields {

enum class Shape {
  kLeaf,     // owned as a whole: scalars, and what is declared atomic
  kStruct,   // members by the struct's fields
  kMap,      // members by their names
  kSet,      // a list of scalars, by their values
  kListMap,  // a list of objects, by their keys
};

// A place in a document where a value of a known type stands. `field` is null where no field leads to it: elements of
// lists and maps, and the document itself.
struct Slot {
  const schema::Type* type = nullptr;
  const schema::Field* field = nullptr;
  const schema::Struct* structure = nullptr;  // when the value is an object with fields

  [[nodiscard]] static Slot of(const schema::Struct& structure);
  [[nodiscard]] static Slot of(const schema::Field& field);
  [[nodiscard]] Slot element() const;  // of a list or map
};

[[nodiscard]] Shape shape_of(const Slot& slot);

// Null or without members: such values are leaves whatever their type is, which keeps `emptyDir: {}`.
[[nodiscard]] bool is_hollow(const Json& value);

// What a list item is called among its siblings, or why it has no name.
struct ItemName {
  std::string element;
  std::string error;
};
[[nodiscard]] ItemName item_name(const Slot& list, Shape shape, const Json& item);

}  // namespace skiff::api::managed_fields
