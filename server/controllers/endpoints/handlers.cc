#include "server/controllers/endpoints/handlers.h"

#include "server/controllers/endpoints/service_pods.h"
#include "server/controllers/keys.h"

namespace skiff::controllers {

using api::ObjectPtr;

void follow_services_and_pods(api::Informer& services, api::Informer& pods, api::Controller& controller) {
  add_service_pod_indexes(services, pods);
  api::InformerHandlers service_handlers;
  service_handlers.added = [&controller](const ObjectPtr& service) { controller.enqueue(key_text(*service)); };
  service_handlers.updated = [&controller](const ObjectPtr&, const ObjectPtr& service) {
    controller.enqueue(key_text(*service));
  };
  service_handlers.deleted = service_handlers.added;
  services.add_handlers(std::move(service_handlers));

  auto changed = [&services, &controller](const ObjectPtr& old_pod, const ObjectPtr& pod) {
    enqueue_services(services, old_pod, pod,
                     [&controller](const std::string& key) { controller.enqueue_after(key, kBatchDelay); });
  };
  api::InformerHandlers pod_handlers;
  pod_handlers.added = [changed](const ObjectPtr& pod) { changed(nullptr, pod); };
  pod_handlers.updated = changed;
  pod_handlers.deleted = [changed](const ObjectPtr& pod) { changed(pod, nullptr); };
  pods.add_handlers(std::move(pod_handlers));
}

}  // namespace skiff::controllers
