#pragma once

#include "api/client/controller.h"
#include "server/controllers/context.h"
#include "server/controllers/endpoints/slice_writer.h"

#include <string>

namespace skiff::controllers {

// Keeps EndpointSlices that say what Endpoints say that somebody else maintains, for Services without a selector (keys:
// namespace/name, which both share), so that proxies need to look at slices only.
//
// Operation: sync() makes the mirror, or removes it when the Endpoints are not (any more) to be mirrored. Concurrency:
// see Context. It will not: mirror Endpoints that say endpointslice.kubernetes.io/skip-mirror or hold a leader
// election, or more than 1000 addresses of a subset.
class EndpointSliceMirroringController {
 public:
  static constexpr std::size_t kWorkers = 5;
  static constexpr std::size_t kMaxAddresses = 1000;

  explicit EndpointSliceMirroringController(const Context& context);

  void start() { controller_.start(); }
  Task<void> stop() { return controller_.stop(); }

 private:
  Task<api::Result<void>> sync(std::string key);

  api::Informer& services_;
  api::Informer& endpoints_;
  api::Controller controller_;
  SliceWriter writer_;
};

}  // namespace skiff::controllers
