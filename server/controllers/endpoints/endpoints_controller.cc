#include "server/controllers/endpoints/endpoints_controller.h"

#include "api/views/meta.h"
#include "server/controllers/endpoints/handlers.h"
#include "server/controllers/endpoints/service_pods.h"
#include "server/controllers/endpoints/slices.h"
#include "server/controllers/endpoints/subsets.h"
#include "server/controllers/keys.h"
#include "server/controllers/namespace_child.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

constexpr const char* kOverCapacity = "endpoints.kubernetes.io/over-capacity";
constexpr const char* kLeader = "control-plane.alpha.kubernetes.io/leader";

// The Service's labels, and that it is headless.
Json labels_for(const Json& service) {
  Json labels = api::labels_of(service);
  if (is_headless_service(service)) {
    labels[kHeadlessLabel] = "";
  } else {
    labels.erase(kHeadlessLabel);
  }
  return labels;
}

// What there should be, made from what there is (null: nothing) with the content of `subsets`.
Json desired(const Json& service, const Json* current, Json subsets, const std::string& trigger_time) {
  Json endpoints = current == nullptr ? Json::object() : *current;
  Json& metadata = endpoints["metadata"];
  metadata["name"] = api::name_of(service);
  metadata["namespace"] = api::namespace_of(service);
  metadata["labels"] = labels_for(service);
  Json annotations = current == nullptr ? Json::object() : api::annotations_of(*current);
  annotations.erase(TriggerTimes::kAnnotation);
  if (!trigger_time.empty()) annotations[TriggerTimes::kAnnotation] = trigger_time;
  annotations.erase(kOverCapacity);
  if (truncate_subsets(subsets)) annotations[kOverCapacity] = "truncated";
  metadata["annotations"] = std::move(annotations);
  endpoints["subsets"] = std::move(subsets);
  return endpoints;
}

// The annotation with the trigger time alone is no reason to write.
bool says_the_same(const Json& endpoints, const Json& current) {
  auto over_capacity = [](const Json& of) { return api::annotation_of(of, kOverCapacity) != nullptr; };
  return endpoints.value("subsets", Json::array()) == current.value("subsets", Json::array()) &&
         api::labels_of(endpoints) == api::labels_of(current) && over_capacity(endpoints) == over_capacity(current);
}

}  // namespace

EndpointsController::EndpointsController(const Context& context)
    : client_(context.client),
      services_(context.informers.informer(api::kServices)),
      pods_(context.informers.informer(api::kPods)),
      endpoints_(context.informers.informer(api::kEndpoints)),
      events_(context.executor, context.client, context.clock, api::EventRecorder::Source{"endpoint-controller", ""}),
      controller_(context.executor, context.queue_metrics, "endpoint", kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }) {
  follow_services_and_pods(services_, pods_, controller_);
  api::InformerHandlers endpoints;
  endpoints.deleted = [this](const ObjectPtr& gone) { controller_.enqueue(key_text(*gone)); };
  endpoints_.add_handlers(std::move(endpoints));
}

void EndpointsController::start() {
  events_.start();
  // Those whose Services went while nobody looked.
  for (const ObjectPtr& endpoints : endpoints_.cache().list()) {
    if (api::annotation_of(*endpoints, kLeader) == nullptr) controller_.enqueue(key_text(*endpoints));
  }
  controller_.start();
}

Task<void> EndpointsController::stop() {
  co_await controller_.stop();
  co_await events_.stop();
}

Task<api::Result<void>> EndpointsController::sync(std::string key) {
  const api::NamespacedName name = parse_key(key);
  const ObjectPtr service = services_.cache().get(name);
  if (!service) {
    trigger_times_.forget(key);
    co_return co_await remove(std::move(key));
  }
  if (has_foreign_endpoints(*service)) co_return api::Result<void>();
  const std::vector<ObjectPtr> pods = pods_of(pods_, *service);
  const std::string trigger_time = trigger_times_.next(key, *service, pods);
  const ObjectPtr current = endpoints_.cache().get(name);
  Json endpoints = desired(*service, current.get(), endpoint_subsets(*service, pods), trigger_time);
  if (current && says_the_same(endpoints, *current)) co_return api::Result<void>();
  co_return co_await write(service, current, std::move(endpoints));
}

Task<api::Result<void>> EndpointsController::remove(std::string key) {
  const api::NamespacedName name = parse_key(key);
  if (!endpoints_.cache().get(name)) co_return api::Result<void>();
  api::DeleteOptions options;
  const auto removed = co_await client_.remove(api::kEndpoints, name, options);
  if (!removed && removed.error().reason != api::Reason::kNotFound) co_return removed.error();
  co_return api::Result<void>();
}

Task<api::Result<void>> EndpointsController::write(ObjectPtr service, ObjectPtr current, Json endpoints) {
  const api::WriteOptions options;
  const std::string namespace_ = api::namespace_of(*service);
  const std::string name = api::key_of(*service).to_string();
  if (current) {
    const auto updated = co_await client_.update(api::kEndpoints, std::move(endpoints), options);
    if (updated) co_return api::Result<void>();
    // Gone or changed meanwhile: the next try sees it.
    const api::Reason reason = updated.error().reason;
    if (reason != api::Reason::kConflict && reason != api::Reason::kNotFound) {
      events_.warning(*current, "FailedToUpdateEndpoint",
                      "Failed to update endpoint " + name + ": " + updated.error().message);
    }
    co_return updated.error();
  }
  const auto created = co_await client_.create(api::kEndpoints, namespace_, std::move(endpoints), options);
  if (created || is_namespace_terminating(created.error())) co_return api::Result<void>();
  if (created.error().reason != api::Reason::kAlreadyExists) {
    events_.warning(*service, "FailedToCreateEndpoint",
                    "Failed to create endpoint for service " + name + ": " + created.error().message);
  }
  co_return created.error();
}

}  // namespace skiff::controllers
