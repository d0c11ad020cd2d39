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
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace skiff::server {

// Upstream's buckets for the time that requests take, in seconds.
[[nodiscard]] const std::vector<double>& request_time_buckets();

// Counts and times the requests that are alike in all of the labels that Kubernetes' metrics have. Thread-safe.
class RequestSeries {
 public:
  // An answer is ready. The time of what lasts as long as its client wants says nothing and is left out.
  void count(int status);
  void observe(std::chrono::nanoseconds time);
  // To be held for as long as a long-running request goes on. The metrics must outlive it.
  [[nodiscard]] std::shared_ptr<const void> begin_long_running();

 private:
  friend class RequestMetrics;
  struct Families {
    prometheus::Family<prometheus::Counter>& requests;
    prometheus::Family<prometheus::Histogram>& durations;
    prometheus::Family<prometheus::Gauge>& long_running;
  };
  using Labels = std::map<std::string, std::string>;
  RequestSeries(const Families& families, Labels labels) : families_(families), labels_(std::move(labels)) {}

  const Families& families_;
  const Labels labels_;
  // What was looked up in the families, which takes longer than all the rest.
  std::mutex mutex_;
  std::map<int, prometheus::Counter*> requests_;  // by the answer's code
  prometheus::Histogram* durations_ = nullptr;
};

// The requests about resources, under the names that Kubernetes documents as stable
// (kubernetes.io/docs/reference/instrumentation/metrics). Thread-safe.
class RequestMetrics {
 public:
  RequestMetrics();

  // Where the request is to be counted; there as long as this is. Only a request for which there is a verb belongs
  // here: with every resource, subresource and method that a client can think of the labels would grow without bound.
  [[nodiscard]] RequestSeries& series(const Request& request, const RequestInfo& info);

  // Counts what watches of a kind send. To be asked for once for each watch, which the metrics must outlive.
  [[nodiscard]] prometheus::Counter& watch_events(const std::string& group, const std::string& version,
                                                  const std::string& kind);

  [[nodiscard]] std::vector<prometheus::MetricFamily> collect() const { return registry_.Collect(); }

 private:
  prometheus::Registry registry_;
  const RequestSeries::Families families_;
  prometheus::Family<prometheus::Counter>& watch_events_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<RequestSeries>> series_;  // by the values of the labels
};

}  // namespace skiff::server
