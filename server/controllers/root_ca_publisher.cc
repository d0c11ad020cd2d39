#include "server/controllers/root_ca_publisher.h"

#include "api/views/meta.h"
#include "server/controllers/namespace_child.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

constexpr const char* kDescriptionAnnotation = "kubernetes.io/description";
constexpr const char* kDescription =
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters.";

api::InformerOptions published_only() {
  api::InformerOptions options;
  options.field_selector = std::string("metadata.name=") + RootCaPublisher::kName;
  return options;
}

}  // namespace

RootCaPublisher::RootCaPublisher(const Context& context, std::string ca_pem)
    : client_(context.client),
      ca_pem_(std::move(ca_pem)),
      namespaces_(context.informers.informer(api::kNamespaces)),
      config_maps_(context.executor, context.client, api::kConfigMaps, published_only()),
      controller_(context.executor, context.queue_metrics, "root_ca_cert_publisher", kWorkers,
                  [this](std::string namespace_) { return sync(std::move(namespace_)); }) {
  enqueue_namespaces(namespaces_, controller_);
  api::InformerHandlers handlers;
  handlers.added = [this](const ObjectPtr& object) { controller_.enqueue(api::namespace_of(*object)); };
  handlers.updated = [this](const ObjectPtr&, const ObjectPtr& object) {
    controller_.enqueue(api::namespace_of(*object));
  };
  handlers.deleted = handlers.added;
  config_maps_.add_handlers(std::move(handlers));
}

void RootCaPublisher::start() {
  config_maps_.start();
  controller_.start();
}

Task<void> RootCaPublisher::stop() {
  co_await controller_.stop();
  co_await config_maps_.stop();
}

Task<api::Result<void>> RootCaPublisher::sync(std::string namespace_) {
  if (!is_active_namespace(namespaces_, namespace_)) co_return api::Result<void>();
  const ObjectPtr present = config_maps_.cache().get({namespace_, kName});
  const api::WriteOptions options;
  if (!present) {
    Json created = document(namespace_);
    const auto result = co_await client_.create(api::kConfigMaps, namespace_, std::move(created), options);
    co_return ignore_namespace_races(result);
  }
  const Json wanted = document(namespace_);
  const bool is_described = api::annotation_of(*present, kDescriptionAnnotation) != nullptr;
  if (is_described && present->value("data", Json()) == wanted.at("data")) co_return api::Result<void>();
  Json updated = *present;
  updated["data"] = wanted.at("data");
  updated["metadata"]["annotations"].update(wanted.at("metadata").at("annotations"));
  const auto written = co_await client_.update(api::kConfigMaps, std::move(updated), options);
  if (!written) co_return written.error();
  co_return api::Result<void>();
}

Json RootCaPublisher::document(const std::string& namespace_) const {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata",
           {{"name", kName}, {"namespace", namespace_}, {"annotations", {{kDescriptionAnnotation, kDescription}}}}},
          {"data", {{"ca.crt", ca_pem_}}}};
}

}  // namespace skiff::controllers
