#pragma once

#include "api/client/controller.h"
#include "api/client/event_recorder.h"
#include "server/controllers/context.h"
#include "server/controllers/endpoints/trigger_times.h"

#include <string>

namespace skiff::controllers {

// Keeps the Endpoints object of each Service that selects pods (keys: its namespace/name), for clients from before
// EndpointSlices: what EndpointSliceController writes, in one object of at most 1000 addresses.
//
// Operation: as EndpointSliceController. The Endpoints of a Service that is gone are removed, also those that it left
// behind while no controller ran. Concurrency: see Context. It will not: touch the Endpoints of Services without a
// selector.
class EndpointsController {
 public:
  static constexpr std::size_t kWorkers = 5;

  explicit EndpointsController(const Context& context);

  void start();
  Task<void> stop();

 private:
  Task<api::Result<void>> sync(std::string key);
  Task<api::Result<void>> remove(std::string key);
  Task<api::Result<void>> write(api::ObjectPtr service, api::ObjectPtr current, Json endpoints);

  api::Client& client_;
  api::Informer& services_;
  api::Informer& pods_;
  api::Informer& endpoints_;
  TriggerTimes trigger_times_;
  api::EventRecorder events_;
  api::Controller controller_;
};

}  // namespace skiff::controllers
