#pragma once

#include "server/handlers/health.h"
#include "server/handlers/in_flight.h"
#include "server/handlers/verbs.h"
#include "server/http/http.h"
#include "server/metrics/metric_source.h"

#include <memory>
#include <vector>

namespace skiff::server {

// The Kubernetes API over HTTP: routes each authenticated request to discovery, OpenAPI, health, /version or, after
// asking for permission, to the verb of a resource, and makes every failure a metav1.Status. Called by the HTTP server,
// on its threads; keeps no state between requests but documents that are made once and a count of the requests that it
// answers. It outlives its responses.
// It does not authenticate, limit bodies or write logs: that is the HTTP layer's.
class ApiHandler final : public Handler {
 public:
  // `metric_sources`: what /metrics shows besides the server's own.
  ApiHandler(const ApiParts& parts, std::vector<HealthCheck> health_checks, const InFlightLimits& limits = {},
             std::vector<MetricSource> metric_sources = {});
  ~ApiHandler() override;

  Task<Response> handle(Request request) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace skiff::server
