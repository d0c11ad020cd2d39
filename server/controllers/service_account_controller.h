#pragma once

#include "api/client/controller.h"
#include "server/controllers/context.h"

#include <string>

namespace skiff::controllers {

// Sees to it that every active namespace has the ServiceAccount "default" (keys: namespaces).
// Concurrency: see Context. It will not change one that exists.
class ServiceAccountController {
 public:
  static constexpr std::size_t kWorkers = 2;

  explicit ServiceAccountController(const Context& context);

  void start() { controller_.start(); }
  Task<void> stop() { co_await controller_.stop(); }

 private:
  Task<api::Result<void>> sync(std::string namespace_);

  api::Client& client_;
  api::Informer& namespaces_;
  api::Informer& service_accounts_;
  api::Controller controller_;
};

}  // namespace skiff::controllers
