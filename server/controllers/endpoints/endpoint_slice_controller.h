#pragma once

#include "api/client/controller.h"
#include "server/controllers/context.h"
#include "server/controllers/endpoints/slice_writer.h"
#include "server/controllers/endpoints/trigger_times.h"

#include <string>

namespace skiff::controllers {

// Keeps the EndpointSlices of each Service that selects pods (keys: its namespace/name): the addresses and ports of its
// pods, at most 100 in a slice, with what is known of their state.
//
// Operation: a change of a pod enqueues only the Services that select it, and those after a moment, so that pods that
// change together are written together. A pod whose node does not exist counts only for Services that publish whatever
// they have, until the node comes. Concurrency: see Context. It will not: touch slices that others manage, or remove
// those of a Service that is gone (the garbage collector does).
class EndpointSliceController {
 public:
  static constexpr std::size_t kWorkers = 5;
  static constexpr std::size_t kMaxEndpoints = 100;

  explicit EndpointSliceController(const Context& context);

  void start() { controller_.start(); }
  Task<void> stop() { return controller_.stop(); }

 private:
  void on_slice(const api::ObjectPtr& slice);
  void on_node(const api::ObjectPtr& node);
  [[nodiscard]] std::vector<api::ObjectPtr> pods_for(const Json& service) const;
  Task<api::Result<void>> sync(std::string key);
  [[nodiscard]] std::string zone_of(const std::string& node) const;

  api::Informer& services_;
  api::Informer& pods_;
  api::Informer& nodes_;
  TriggerTimes trigger_times_;
  api::Controller controller_;
  SliceWriter writer_;
};

}  // namespace skiff::controllers
