#pragma once

#include "api/client.h"

#include <memory>

namespace skiff::api {

// Where an object can be had from again when nobody keeps its parsed document: in one process, the store has its bytes
// anyway. Immutable and thread-safe.
class ObjectSource {
 public:
  virtual ~ObjectSource() = default;
  // The object; parsed again, or as somebody else has it.
  [[nodiscard]] virtual ObjectPtr object() const = 0;
};
using ObjectSourcePtr = std::shared_ptr<const ObjectSource>;

// An object that knows its source and keeps it alive. Whoever holds it holds an ObjectPtr as any other.
[[nodiscard]] ObjectPtr make_object(Json document, ObjectSourcePtr source);
// Null for an object without one: it came over the network, or was made here.
[[nodiscard]] ObjectSourcePtr source_of(const ObjectPtr& object);

}  // namespace skiff::api
