#include "server/controllers/namespace/namespace_controller.h"

#include "api/views/meta.h"
#include "server/controllers/write_status.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

constexpr const char* kFinalizer = "kubernetes";

void count(RemainingContent& remaining, const api::ResourceType& type, const Json& object) {
  ++remaining.objects[std::string(type.plural) + "." + std::string(type.group)];
  const Json* finalizers = find(object, {"metadata", "finalizers"});
  if (finalizers == nullptr || !finalizers->is_array()) return;
  for (const Json& finalizer : *finalizers) ++remaining.finalizers[finalizer.get<std::string>()];
}

}  // namespace

NamespaceController::NamespaceController(const Context& context, std::vector<api::ResourceType> types,
                                         const std::vector<api::ResourceType>& followed)
    : executor_(context.executor),
      client_(context.client),
      clock_(context.clock),
      types_(std::move(types)),
      namespaces_(context.informers.informer(api::kNamespaces)),
      controller_(context.executor, context.queue_metrics, "namespace", kWorkers,
                  [this](std::string name) { return sync(std::move(name)); }) {
  auto enqueue_if_terminating = [this](const ObjectPtr& object) {
    if (api::is_terminating(*object)) controller_.enqueue(api::name_of(*object));
  };
  api::InformerHandlers namespaces;
  namespaces.added = enqueue_if_terminating;
  namespaces.updated = [enqueue_if_terminating](const ObjectPtr&, const ObjectPtr& object) {
    enqueue_if_terminating(object);
  };
  namespaces_.add_handlers(std::move(namespaces));

  api::InformerHandlers content;
  content.deleted = [this](const ObjectPtr& object) {
    const std::string name = api::namespace_of(*object);
    const ObjectPtr own = namespaces_.cache().get({"", name});
    if (own && api::is_terminating(*own)) controller_.enqueue_after(name, kGather);
  };
  for (const api::ResourceType& type : followed) context.informers.metadata_informer(type).add_handlers(content);
}

void NamespaceController::start() { controller_.start(); }

Task<void> NamespaceController::stop() { co_await controller_.stop(); }

Task<api::Result<void>> NamespaceController::sync(std::string name) {
  const ObjectPtr object = namespaces_.cache().get({"", name});
  if (!object || !api::is_terminating(*object)) co_return api::Result<void>();
  const api::Result<RemainingContent> remaining = co_await remove_content(name);
  if (!remaining) co_return remaining.error();
  if (remaining->empty()) co_return co_await finalize(object);
  controller_.enqueue_after(name, kRecheck);
  const api::Result<void> written = co_await write_conditions(object, *remaining);
  if (!written || remaining->errors.empty()) co_return written;
  co_return api::internal_error(remaining->errors.front());
}

// Asks for the deletion of everything, and tells what is still there afterwards.
Task<api::Result<RemainingContent>> NamespaceController::remove_content(std::string namespace_) {
  RemainingContent remaining;
  const api::ListOptions options;
  for (const api::ResourceType& type : types_) {
    const api::Result<api::ObjectList> before = co_await client_.list(type, namespace_, options);
    if (!before) co_return before.error();
    if (before->items.empty()) continue;
    TaskGroup deletions(executor_);
    for (const ObjectPtr& object : before->items) {
      if (api::is_terminating(*object)) continue;
      deletions.spawn(remove_object(type, object, &remaining));
      if (deletions.running() >= kDeletionsAtOnce) co_await deletions.join();
    }
    co_await deletions.join();
    const api::Result<api::ObjectList> after = co_await client_.list(type, namespace_, options);
    if (!after) co_return after.error();
    for (const ObjectPtr& object : after->items) count(remaining, type, *object);
  }
  co_return remaining;
}

Task<void> NamespaceController::remove_object(const api::ResourceType& type, ObjectPtr object,
                                              RemainingContent* remaining) {
  api::DeleteOptions options;
  options.uid = api::uid_of(*object);
  options.propagation_policy = "Background";
  const api::NamespacedName name = api::key_of(*object);
  const api::Result<ObjectPtr> removed = co_await client_.remove(type, name, options);
  if (!removed && removed.error().reason != api::Reason::kNotFound)
    remaining->errors.push_back(removed.error().message);
}

Task<api::Result<void>> NamespaceController::write_conditions(ObjectPtr namespace_object, RemainingContent remaining) {
  Json updated = *namespace_object;
  if (!set_deletion_conditions(updated, remaining, clock_.now())) co_return api::Result<void>();
  co_return co_await write_status(client_, api::kNamespaces, namespace_object, std::move(updated["status"]));
}

Task<api::Result<void>> NamespaceController::finalize(ObjectPtr namespace_object) {
  Json updated = *namespace_object;
  Json finalizers = Json::array();
  if (const Json* present = find(*namespace_object, {"spec", "finalizers"}); present && present->is_array()) {
    for (const Json& finalizer : *present) {
      if (finalizer != kFinalizer) finalizers.push_back(finalizer);
    }
  }
  updated["spec"]["finalizers"] = std::move(finalizers);
  api::WriteOptions options;
  options.subresource = "finalize";
  const api::Result<ObjectPtr> finalized = co_await client_.update(api::kNamespaces, std::move(updated), options);
  if (!finalized && finalized.error().reason != api::Reason::kNotFound) co_return finalized.error();
  co_return api::Result<void>();
}

}  // namespace skiff::controllers
