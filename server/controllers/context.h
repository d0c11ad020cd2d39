#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "api/client/informer.h"
#include "api/client/work_queue_metrics.h"

#include <boost/asio/any_io_executor.hpp>

namespace skiff::controllers {

// What every controller is made from. All outlive the controllers; the executor has one thread, on which all of them
// run, so that they need no locks among each other.
struct Context {
  asio::any_io_executor executor;
  api::Client& client;
  api::InformerFactory& informers;
  const Clock& clock;
  api::WorkQueueMetrics& queue_metrics;
};

}  // namespace skiff::controllers
