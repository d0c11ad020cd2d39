#pragma once

#include "api/client/controller.h"
#include "api/client/informer.h"

#include <chrono>

// What makes the controllers of Endpoints and of EndpointSlices look at a Service again.
namespace skiff::controllers {

// Pods of a Service often change together (a rollout, a node that comes or goes): waiting this long makes one write of
// many.
inline constexpr std::chrono::milliseconds kBatchDelay{10};

// Enqueues each Service that changes or goes at once, and after kBatchDelay those whose pods change. All outlive the
// informers.
void follow_services_and_pods(api::Informer& services, api::Informer& pods, api::Controller& controller);

}  // namespace skiff::controllers
