#pragma once

#include "api/base/json.h"
#include "api/managed_fields/managers.h"
#include "api/schema/schema.h"
#include "api/status.h"

#include <string>

// What a write does to the managers of an object.
namespace skiff::api::managed_fields {

// The versions that a kind is served under: entries may be written in any of them.
class Versions {
 public:
  virtual ~Versions() = default;
  // The type of objects of the version; null when it is not served (any more).
  [[nodiscard]] virtual const schema::Struct* type_of(const std::string& api_version) const = 0;
  // Whether objects of both versions have the same fields.
  [[nodiscard]] virtual bool same_shape(const std::string& a, const std::string& b) const = 0;
  // The object, which is of version `from`, in version `to`. Both are served.
  [[nodiscard]] virtual Json convert(const Json& object, const std::string& from, const std::string& to) const = 0;
};

// A write on an object.
struct Writer {
  const Versions& versions;
  std::string manager;
  std::string api_version;  // of the objects in this write
  std::string subresource;
  std::string now;
  // Fields that the write cannot reach, such as status on the main resource; nobody comes to own them by it.
  FieldSet ignored;
};

// Create, update and all patches but apply: the writer comes to own what differs between `live` and `object`, and all
// others lose it. For a create `live` is the blank_object() of the type. Both without metadata.managedFields. Whether
// the managers have changed in more than their times.
bool update(const Writer& writer, const Json& live, const Json& object, Managers& managers);

struct Applied {
  Json object;
  bool changed = false;  // false: the object is the live one
};
// Server-side apply: merges `configuration` into `live`, which is the blank_object() when the object is to be made.
// What the writer applied the last time and leaves out now goes, unless others own it. kConflict with upstream's causes
// when others own fields that change, and `force` does not take these from them; nothing is changed then, and
// `managers` is to be thrown away. kUnknown (500, as upstream) when the configuration does not fit the type.
[[nodiscard]] Result<Applied> apply(const Writer& writer, const Json& live, const Json& configuration, bool force,
                                    Managers& managers);

}  // namespace skiff::api::managed_fields
