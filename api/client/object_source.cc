#include "api/client/object_source.h"

#include <utility>

namespace skiff::api {

namespace {

// The deleter is what a shared_ptr lets one find again.
struct SourcedDeleter {
  ObjectSourcePtr source;

  void operator()(const Json* object) {
    delete object;
    // The deleter itself lives on as long as somebody remembers the object weakly.
    source.reset();
  }
};

}  // namespace

ObjectPtr make_object(Json document, ObjectSourcePtr source) {
  auto owned = std::make_unique<const Json>(std::move(document));
  return {owned.release(), SourcedDeleter{std::move(source)}};
}

ObjectSourcePtr source_of(const ObjectPtr& object) {
  const auto* deleter = std::get_deleter<SourcedDeleter>(object);
  return deleter == nullptr ? nullptr : deleter->source;
}

}  // namespace skiff::api
