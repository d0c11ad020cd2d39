#pragma once

#include "api/schema/schema.h"

#include <memory>

namespace skiff::test {

// The built-in kinds, made once.
inline const api::schema::Catalog& catalog() {
  static const std::unique_ptr<const api::schema::Catalog> made = api::schema::Catalog::builtin();
  return *made;
}

}  // namespace skiff::test
