#include "server/controllers/endpoints/endpoint_slice_controller.h"

#include "api/client/indexes.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/endpoints/handlers.h"
#include "server/controllers/endpoints/service_pods.h"
#include "server/controllers/keys.h"
#include "server/controllers/namespace_child.h"

namespace skiff::controllers {

using api::ObjectPtr;

EndpointSliceController::EndpointSliceController(const Context& context)
    : services_(context.informers.informer(api::kServices)),
      pods_(context.informers.informer(api::kPods)),
      nodes_(context.informers.informer(api::kNodes)),
      controller_(context.executor, context.queue_metrics, "endpoint_slice", kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }),
      writer_(context.client, context.informers.informer(api::kEndpointSlices),
              [this](const std::string& key) { controller_.enqueue(key); }) {
  follow_services_and_pods(services_, pods_, controller_);
  pods_.add_index(api::kByNode, api::by_node);
  api::InformerHandlers nodes;
  nodes.added = [this](const ObjectPtr& node) { on_node(node); };
  nodes.deleted = nodes.added;
  nodes_.add_handlers(std::move(nodes));
  api::InformerHandlers slices;
  slices.updated = [this](const ObjectPtr&, const ObjectPtr& slice) { on_slice(slice); };
  slices.deleted = [this](const ObjectPtr& slice) { on_slice(slice); };
  context.informers.informer(api::kEndpointSlices).add_handlers(std::move(slices));
}

// Somebody may have meddled with it.
void EndpointSliceController::on_slice(const ObjectPtr& slice) {
  const std::string* manager = api::label_of(*slice, kManagedByLabel);
  const std::string* service = api::label_of(*slice, kServiceNameLabel);
  if (manager == nullptr || *manager != kSliceController || service == nullptr) return;
  controller_.enqueue_after(api::namespace_of(*slice) + "/" + *service, kBatchDelay);
}

// It came or went, and with it its pods.
void EndpointSliceController::on_node(const ObjectPtr& node) {
  for (const ObjectPtr& pod : pods_.cache().by_index(api::kByNode, api::name_of(*node))) {
    for (const std::string& key : services_of(services_, *pod)) controller_.enqueue_after(key, kBatchDelay);
  }
}

std::vector<ObjectPtr> EndpointSliceController::pods_for(const Json& service) const {
  std::vector<ObjectPtr> pods = pods_of(pods_, service);
  if (publishes_not_ready(service)) return pods;
  std::erase_if(pods, [this](const ObjectPtr& pod) {
    const std::string node = api::node_name_of(*pod);
    return !node.empty() && !nodes_.cache().get({"", node});
  });
  return pods;
}

Task<api::Result<void>> EndpointSliceController::sync(std::string key) {
  const ObjectPtr service = services_.cache().get(parse_key(key));
  if (!service) {
    trigger_times_.forget(key);
    co_return api::Result<void>();
  }
  if (has_foreign_endpoints(*service) || api::is_terminating(*service)) co_return api::Result<void>();
  if (!writer_.is_settled(key)) co_return api::Result<void>();

  const std::vector<ObjectPtr> pods = pods_for(*service);
  SliceOwner owner{api::kServices, *service, kSliceController, kMaxEndpoints};
  owner.labels = slice_labels(*service);
  owner.trigger_time = trigger_times_.next(key, *service, pods);
  owner.placeholders = address_types_of(*service);
  auto zones = [this](const std::string& node) { return zone_of(node); };
  SlicePlan plan = plan_slices(owner, endpoint_groups(*service, pods, zones), writer_.slices_of(key, kSliceController));
  if (plan.empty()) co_return api::Result<void>();
  const auto written = co_await writer_.write(key, std::move(plan));
  if (!written && is_namespace_terminating(written.error())) co_return api::Result<void>();
  co_return written;
}

std::string EndpointSliceController::zone_of(const std::string& node_name) const {
  const ObjectPtr node = nodes_.cache().get({"", node_name});
  if (!node) return "";
  const std::string* zone = api::label_of(*node, "topology.kubernetes.io/zone");
  return zone == nullptr ? "" : *zone;
}

}  // namespace skiff::controllers
