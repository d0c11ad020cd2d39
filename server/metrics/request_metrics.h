#pragma once

#include "server/handlers/request_info.h"
#include "server/http/http.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace skiff::server {

// What a request is, in the labels of Kubernetes' metrics.
using RequestLabels = std::map<std::string, std::string>;
[[nodiscard]] RequestLabels request_labels(const Request& request, const RequestInfo& info);

// Counts and times requests about resources, under the names that Kubernetes documents as stable
// (kubernetes.io/docs/reference/instrumentation/metrics). Thread-safe.
// Only requests for which there is a verb belong here: with every resource, subresource and method that a client can
// think of the labels would grow without bound.
class RequestMetrics {
 public:
  RequestMetrics();

  // An answer is ready. The time of what lasts as long as its client wants says nothing and is left out.
  void count(const RequestLabels& labels, int status);
  void observe(const RequestLabels& labels, std::chrono::nanoseconds time);
  // To be held for as long as a long-running request goes on. The metrics must outlive it.
  [[nodiscard]] std::shared_ptr<const void> begin_long_running(const RequestLabels& labels);

  [[nodiscard]] std::vector<prometheus::MetricFamily> collect() const { return registry_.Collect(); }

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& durations_;
  prometheus::Family<prometheus::Gauge>& long_running_;
};

}  // namespace skiff::server
