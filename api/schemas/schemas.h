#pragma once

#include "api/schema/schema.h"

#include <span>

namespace skiff::api::schemas {

// The schema texts of the built-in kinds (the .schema files beside this header), compiled in by embed.cmake.
// Catalog::builtin() parses them; nobody else needs them. They live as long as the program.
[[nodiscard]] std::span<const schema::Catalog::Source> texts();

}  // namespace skiff::api::schemas
