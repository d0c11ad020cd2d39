#pragma once

#include "api/base/json.h"
#include "api/schema/schema.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::api::openapi {

// The two versions of OpenAPI differ in where definitions live and in what may stand beside a reference.
enum class Dialect { kV2, kV3 };

// Collects the type definitions of one document: whoever refers to a type through it makes the type, and all that the
// type refers to, part of the document. Not thread-safe; lives as long as the document is made.
class Definitions {
 public:
  Definitions(const schema::Catalog& catalog, Dialect dialect) : catalog_(catalog), dialect_(dialect) {}

  // {"$ref": ...} to a type, to the list of a kind, or to the body of a patch.
  [[nodiscard]] Json reference(const schema::Struct& type);
  [[nodiscard]] Json list_reference(const schema::Struct& kind);
  [[nodiscard]] Json patch_reference();
  [[nodiscard]] Json reference(std::string_view full_name);

  // The definitions by full name, of everything that was referred to so far.
  [[nodiscard]] Json take();

 private:
  Json definition(const std::string& full_name);
  Json struct_definition(const schema::Struct& type);
  Json list_definition(const schema::Struct& kind);
  Json property(const schema::Field& field);
  Json type_schema(const schema::Type& type);

  const schema::Catalog& catalog_;
  Dialect dialect_;
  std::set<std::string, std::less<>> known_;
  std::vector<std::string> pending_;                         // known, but not defined yet
  std::map<std::string, const schema::Struct*> list_items_;  // by the list's name
};

// What the extension x-kubernetes-group-version-kind says of one kind.
[[nodiscard]] Json group_version_kind(std::string_view group, std::string_view version, std::string_view kind);

inline constexpr std::string_view kStatusType = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
inline constexpr std::string_view kDeleteOptionsType = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";

}  // namespace skiff::api::openapi
