#include "server/controllers/service_account_controller.h"

#include "api/views/meta.h"
#include "server/controllers/namespace_child.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

ServiceAccountController::ServiceAccountController(const Context& context)
    : client_(context.client),
      namespaces_(context.informers.informer(api::kNamespaces)),
      service_accounts_(context.informers.informer(api::kServiceAccounts)),
      controller_(context.executor, context.queue_metrics, "serviceaccount", kWorkers,
                  [this](std::string namespace_) { return sync(std::move(namespace_)); }) {
  enqueue_namespaces(namespaces_, controller_);
  api::InformerHandlers accounts;
  accounts.deleted = [this](const ObjectPtr& account) { controller_.enqueue(api::namespace_of(*account)); };
  service_accounts_.add_handlers(std::move(accounts));
}

Task<api::Result<void>> ServiceAccountController::sync(std::string namespace_) {
  const api::NamespacedName name{namespace_, "default"};
  if (!is_active_namespace(namespaces_, namespace_) || service_accounts_.cache().get(name)) {
    co_return api::Result<void>();
  }
  Json account = {
      {"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", name.name}, {"namespace", namespace_}}}};
  const api::WriteOptions options;
  const auto created = co_await client_.create(api::kServiceAccounts, namespace_, std::move(account), options);
  co_return ignore_namespace_races(created);
}

}  // namespace skiff::controllers
