#pragma once

#include "api/client/controller.h"
#include "api/resource.h"
#include "server/controllers/context.h"

#include <chrono>
#include <string>
#include <vector>

namespace skiff::controllers {

// Says in the status of each ResourceQuota what is enforced, and counts what was there before (keys: the quota's
// namespace/name).
//
// Operation: a quota whose spec.hard is not yet its status.hard is counted by listing what it counts; the write fails
// when admission has counted something meanwhile, and is tried again. From then on admission counts every change along
// with its commit, so nothing has to be done here when objects come and go, but for pods that end after their grace
// period: time alone had stopped counting them, and no write gave back what they had. Each quota is also counted again
// every kResync, for pods whose node was lost and against errors of our own. Concurrency: see Context. It will not:
// list anything while there is no quota.
class ResourceQuotaController {
 public:
  static constexpr std::size_t kWorkers = 5;
  static constexpr std::chrono::minutes kResync{5};

  // `types`: all kinds that can be counted; the texts in them outlive the controller.
  ResourceQuotaController(const Context& context, std::vector<api::ResourceType> types,
                          std::chrono::nanoseconds resync = kResync);

  void start() { controller_.start(); }
  Task<void> stop() { co_await controller_.stop(); }

 private:
  void on_quota(const api::ObjectPtr& quota);
  // `last`: what the pod was before it ended or went.
  void on_pod_end(const Json& last);
  Task<api::Result<void>> sync(std::string key);
  // What objects of all kinds in the quota's namespace use of it, as a status.used.
  Task<api::Result<Json>> count(api::ObjectPtr quota);

  api::Client& client_;
  const Clock& clock_;
  api::Informer& quotas_;
  const std::vector<api::ResourceType> types_;
  const std::chrono::nanoseconds resync_;
  api::Controller controller_;
};

}  // namespace skiff::controllers
