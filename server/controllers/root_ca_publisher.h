#pragma once

#include "api/client/controller.h"
#include "server/controllers/context.h"

#include <string>

namespace skiff::controllers {

// Publishes the cluster's CA certificate as the ConfigMap "kube-root-ca.crt" in every active namespace, and puts it
// back when somebody changes or deletes it (keys: namespaces). Concurrency: see Context. It follows only these
// ConfigMaps, with an informer of its own.
class RootCaPublisher {
 public:
  static constexpr std::size_t kWorkers = 2;
  static constexpr const char* kName = "kube-root-ca.crt";

  RootCaPublisher(const Context& context, std::string ca_pem);

  void start();
  Task<void> stop();

 private:
  Task<api::Result<void>> sync(std::string namespace_);
  [[nodiscard]] Json document(const std::string& namespace_) const;

  api::Client& client_;
  const std::string ca_pem_;
  api::Informer& namespaces_;
  api::Informer config_maps_;
  api::Controller controller_;
};

}  // namespace skiff::controllers
