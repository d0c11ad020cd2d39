#include "server/controllers/endpoints/endpoint_slice_mirroring_controller.h"

#include "api/views/meta.h"
#include "server/controllers/keys.h"
#include "server/controllers/namespace_child.h"

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

bool is_mirrored(const ObjectPtr& endpoints, const ObjectPtr& service) {
  if (!endpoints || !service || api::is_terminating(*endpoints)) return false;
  const std::string* skip = api::label_of(*endpoints, "endpointslice.kubernetes.io/skip-mirror");
  if (skip != nullptr && (*skip == "true" || *skip == "True" || *skip == "TRUE")) return false;
  if (api::annotation_of(*endpoints, "control-plane.alpha.kubernetes.io/leader") != nullptr) return false;
  const Json* selector = find(*service, {"spec", "selector"});
  return selector == nullptr || selector->empty();
}

}  // namespace

EndpointSliceMirroringController::EndpointSliceMirroringController(const Context& context)
    : services_(context.informers.informer(api::kServices)),
      endpoints_(context.informers.informer(api::kEndpoints)),
      controller_(context.executor, context.queue_metrics, "endpoint_slice_mirroring", kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }),
      writer_(context.client, context.informers.informer(api::kEndpointSlices),
              [this](const std::string& key) { controller_.enqueue(key); }) {
  auto enqueue = [this](const ObjectPtr& object) { controller_.enqueue(key_text(*object)); };
  for (api::Informer* informer : {&services_, &endpoints_}) {
    api::InformerHandlers handlers;
    handlers.added = enqueue;
    handlers.updated = [enqueue](const ObjectPtr&, const ObjectPtr& object) { enqueue(object); };
    handlers.deleted = enqueue;
    informer->add_handlers(std::move(handlers));
  }
  auto enqueue_owner = [this](const ObjectPtr& slice) {
    const std::string* manager = api::label_of(*slice, kManagedByLabel);
    const std::string* service = api::label_of(*slice, kServiceNameLabel);
    if (manager == nullptr || *manager != kMirroringController || service == nullptr) return;
    controller_.enqueue(api::namespace_of(*slice) + "/" + *service);
  };
  api::InformerHandlers slices;
  slices.updated = [enqueue_owner](const ObjectPtr&, const ObjectPtr& slice) { enqueue_owner(slice); };
  slices.deleted = enqueue_owner;
  context.informers.informer(api::kEndpointSlices).add_handlers(std::move(slices));
}

Task<api::Result<void>> EndpointSliceMirroringController::sync(std::string key) {
  if (!writer_.is_settled(key)) co_return api::Result<void>();
  const api::NamespacedName name = parse_key(key);
  const ObjectPtr endpoints = endpoints_.cache().get(name);
  const std::vector<ObjectPtr> existing = writer_.slices_of(key, kMirroringController);
  SlicePlan plan;
  if (is_mirrored(endpoints, services_.cache().get(name))) {
    SliceOwner owner{api::kEndpoints, *endpoints, kMirroringController, kMaxAddresses};
    owner.labels = api::labels_of(*endpoints);
    owner.annotations = api::annotations_of(*endpoints);
    owner.annotations.erase("kubectl.kubernetes.io/last-applied-configuration");
    plan = plan_slices(owner, mirrored_groups(*endpoints, kMaxAddresses), existing);
  } else {
    plan.remove = existing;
  }
  if (plan.empty()) co_return api::Result<void>();
  const auto written = co_await writer_.write(key, std::move(plan));
  if (!written && is_namespace_terminating(written.error())) co_return api::Result<void>();
  co_return written;
}

}  // namespace skiff::controllers
