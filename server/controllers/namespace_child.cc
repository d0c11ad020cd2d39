#include "server/controllers/namespace_child.h"

#include "api/views/meta.h"

#include <algorithm>
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

bool is_namespace_terminating(const api::Status& error) {
  return std::any_of(error.causes.begin(), error.causes.end(),
                     [](const api::StatusCause& cause) { return cause.reason == "NamespaceTerminating"; });
}

api::Result<void> ignore_namespace_races(const api::Result<ObjectPtr>& created) {
  if (created || is_namespace_terminating(created.error())) return {};
  const api::Reason reason = created.error().reason;
  if (reason == api::Reason::kAlreadyExists || reason == api::Reason::kNotFound) return {};
  return created.error();
}

}  // namespace skiff::controllers
