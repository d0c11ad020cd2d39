#pragma once

#include "api/base/json.h"
#include "api/managed_fields/field_set.h"
#include "api/schema/schema.h"

#include <string>
#include <vector>

namespace skiff::api::managed_fields {

// What is wrong with a configuration that a client applies: members that the type does not have, values of another
// type, items without keys or with the same ones. Upstream's sentences with the path in front
// (`.spec.replicas: expected numeric (int or float), got string`); empty when it can be merged.
[[nodiscard]] std::vector<std::string> check_configuration(const schema::Struct& type, const Json& configuration);

// The live object with a configuration laid over it: structs, maps, sets and lists with keys are united, everything
// else is taken from the configuration. Lists come in the configuration's order, with the items that only the live
// object has between those that they stood between. `configuration` has passed check_configuration().
[[nodiscard]] Json merge(const schema::Struct& type, const Json& live, const Json& configuration);

// The object without these fields, map members and list items.
[[nodiscard]] Json without(const schema::Struct& type, const Json& object, const FieldSet& fields);

// The set with every field of a struct that has a member below it.
[[nodiscard]] FieldSet with_parents(const schema::Struct& type, const FieldSet& fields);

}  // namespace skiff::api::managed_fields
