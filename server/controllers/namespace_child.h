#pragma once

#include "api/client/controller.h"
#include "api/client/informer.h"

#include <string>

// For controllers that keep one object in every namespace.
namespace skiff::controllers {

// Enqueues the name of each namespace that appears or changes.
void enqueue_namespaces(api::Informer& namespaces, api::Controller& controller);

// It exists and is not being deleted.
[[nodiscard]] bool is_active_namespace(const api::Informer& namespaces, const std::string& name);

// The object could not be made because its namespace is on its way out.
[[nodiscard]] bool is_namespace_terminating(const api::Status& error);

// Somebody else made the object, or the namespace is on its way out: neither is worth another try.
[[nodiscard]] api::Result<void> ignore_namespace_races(const api::Result<api::ObjectPtr>& created);

}  // namespace skiff::controllers
