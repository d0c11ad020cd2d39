#include "server/controllers/namespace_child.h"

#include "api/views/meta.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

void enqueue_namespaces(api::Informer& namespaces, api::Controller& controller) {
  api::InformerHandlers handlers;
  handlers.added = [&controller](const ObjectPtr& object) { controller.enqueue(api::name_of(*object)); };
  handlers.updated = [&controller](const ObjectPtr&, const ObjectPtr& object) {
    controller.enqueue(api::name_of(*object));
  };
  namespaces.add_handlers(std::move(handlers));
}

bool is_active_namespace(const api::Informer& namespaces, const std::string& name) {
  const ObjectPtr object = namespaces.cache().get({"", name});
  return object && !api::is_terminating(*object);
}

api::Result<void> ignore_namespace_races(const api::Result<ObjectPtr>& created) {
  if (created) return api::Result<void>();
  switch (created.error().reason) {
    case api::Reason::kAlreadyExists:
    case api::Reason::kNotFound:
    case api::Reason::kForbidden:
      return api::Result<void>();
    default:
      return created.error();
  }
}

}  // namespace skiff::controllers
