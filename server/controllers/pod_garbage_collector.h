#pragma once

#include "api/client/controller.h"
#include "server/controllers/context.h"

#include <chrono>
#include <string>

namespace skiff::controllers {

// Removes pods that nobody else can finish: those bound to a node that no longer exists, and those that were deleted
// before they had a node (keys: the pod's namespace/name).
//
// Operation: a pod whose node is missing gets kQuarantine, in which the node may come (back); then the API is asked for
// the node. A pod that has not finished is marked as failed first, because no agent will. Concurrency: see Context.
class PodGarbageCollector {
 public:
  static constexpr std::size_t kWorkers = 8;
  static constexpr std::chrono::seconds kQuarantine{40};

  explicit PodGarbageCollector(const Context& context, std::chrono::nanoseconds quarantine = kQuarantine);

  void start() { controller_.start(); }
  Task<void> stop() { co_await controller_.stop(); }

 private:
  void on_pod(const api::ObjectPtr& pod);
  Task<api::Result<void>> sync(std::string key);
  Task<api::Result<bool>> node_is_gone(std::string node);
  Task<api::Result<void>> mark_failed(api::ObjectPtr pod, bool has_lost_node);
  Task<api::Result<void>> remove(api::ObjectPtr pod);

  api::Client& client_;
  const Clock& clock_;
  const std::chrono::nanoseconds quarantine_;
  api::Informer& pods_;
  api::Informer& nodes_;
  api::Controller controller_;
};

}  // namespace skiff::controllers
