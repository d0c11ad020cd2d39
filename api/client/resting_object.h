#pragma once

#include "api/client.h"
#include "api/client/object_source.h"

namespace skiff::api {

// An object of which there are very many and that is looked at seldom: at rest only its source is kept, or, if it has
// none, its bytes, an eighth of the room that the parsed document takes. It is parsed again when somebody asks for it.
// Not thread-safe.
class RestingObject {
 public:
  RestingObject() = default;  // none
  explicit RestingObject(ObjectPtr object) : awake_(std::move(object)) {}
  // Awake again, as another object.
  RestingObject& operator=(ObjectPtr object);

  [[nodiscard]] bool is_none() const { return !awake_ && !source_; }
  [[nodiscard]] bool is_awake() const { return awake_ != nullptr; }

  // Lets go of the parsed document; it lives on as long as others hold it.
  void rest() const;
  // Wakes it and keeps it awake until the next rest().
  const ObjectPtr& wake() const;
  const Json& operator*() const { return *wake(); }
  // The object, which goes on resting if it does; null for none.
  [[nodiscard]] ObjectPtr read() const;

 private:
  mutable ObjectPtr awake_;         // null: at rest, or none
  mutable ObjectSourcePtr source_;  // only at rest
};

}  // namespace skiff::api
