#pragma once

#include "server/handlers/in_flight.h"
#include "server/http/http.h"
#include "server/metrics/metric_source.h"
#include "server/metrics/request_metrics.h"
#include "server/registry/registry.h"

namespace skiff::server {

// GET /metrics in Prometheus' text format: the counted requests, and what is read at this moment: requests being
// answered, stored objects by resource, what `others` say, what the process uses, and which version this is.
[[nodiscard]] Response scrape_response(const RequestMetrics& requests, const InFlight& in_flight,
                                       const Registry& registry, const std::vector<MetricSource>& others);

}  // namespace skiff::server
