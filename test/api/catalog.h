#pragma once

#include "api/schema/schema.h"

#include <catch2/catch.hpp>

#include <memory>
#include <string_view>

namespace skiff::test {

// The built-in kinds, made once.
inline const api::schema::Catalog& catalog() {
  static const std::unique_ptr<const api::schema::Catalog> made = api::schema::Catalog::builtin();
  return *made;
}

// The type of the kind in the version v1 of its group; the test fails when there is none.
inline const api::schema::Struct& kind_v1(std::string_view group, std::string_view name) {
  const api::schema::Struct* found = catalog().find_kind(group, "v1", name);
  REQUIRE(found != nullptr);
  return *found;
}

}  // namespace skiff::test
