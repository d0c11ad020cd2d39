#pragma once

#include "api/base/json.h"
#include "api/managed_fields/field_set.h"
#include "api/schema/schema.h"

// The fields of an object, and the differences between two, as sets. Objects are decoded; members that the type does
// not know are passed over.
namespace skiff::api::managed_fields {

// What somebody who applies this configuration owns. Nulls and empty maps count as given.
[[nodiscard]] FieldSet fields_of(const schema::Struct& type, const Json& configuration);

struct Changes {
  FieldSet added, modified, removed;

  [[nodiscard]] bool empty() const { return added.empty() && modified.empty() && removed.empty(); }
  void exclude_below(const FieldSet& fields);
};
// From `before` to `after`. Lists may have several items of one name; these count as one atomic item.
[[nodiscard]] Changes compare(const schema::Struct& type, const Json& before, const Json& after);

// The object that Go makes of nothing: the structs that are no pointers, and nulls for the lists and maps that are
// written even when they are empty. What a new object is compared with, so that these belong to nobody.
[[nodiscard]] Json blank_object(const schema::Struct& type);

}  // namespace skiff::api::managed_fields
