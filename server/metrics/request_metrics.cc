#include "server/metrics/request_metrics.h"

namespace skiff::server {
namespace {

// Upstream's, in seconds.
const std::vector<double> kDurationBuckets = {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2,
                                              3,     4,     5,    6,   8,   10,  15,  20,  30,  45,   60};

std::string verb_label(const Request& request, const RequestInfo& info) {
  for (const char* connected : {"exec", "attach", "portforward"}) {
    if (info.subresource == connected) return "CONNECT";
  }
  if (info.verb == "list") return "LIST";
  if (info.verb == "watch") return "WATCH";
  if (info.verb == "deletecollection") return "DELETECOLLECTION";
  if (info.verb == "patch" && request.headers.get("Content-Type").starts_with("application/apply-patch")) {
    return "APPLY";
  }
  return request.method;
}

// What of the cluster a request is about.
std::string scope_label(const RequestInfo& info) {
  if (!info.name.empty() || info.verb == "create") return "resource";
  return info.namespace_.empty() ? "cluster" : "namespace";
}

}  // namespace

RequestLabels request_labels(const Request& request, const RequestInfo& info) {
  return {{"component", "apiserver"},
          {"dry_run", request.query_value("dryRun").value_or("") == "All" ? "All" : ""},
          {"group", info.group},
          {"resource", info.resource},
          {"scope", scope_label(info)},
          {"subresource", info.subresource},
          {"verb", verb_label(request, info)},
          {"version", info.version}};
}

RequestMetrics::RequestMetrics()
    : requests_(prometheus::BuildCounter()
                    .Name("apiserver_request_total")
                    .Help("Requests answered, by what they were about and by the code of the answer.")
                    .Register(registry_)),
      durations_(prometheus::BuildHistogram()
                     .Name("apiserver_request_duration_seconds")
                     .Help("Seconds from a request's arrival until its answer is ready; without those that last.")
                     .Register(registry_)),
      long_running_(prometheus::BuildGauge()
                        .Name("apiserver_longrunning_requests")
                        .Help("Watches, logs and streams that go on at the moment.")
                        .Register(registry_)) {}

void RequestMetrics::count(const RequestLabels& labels, int status) {
  RequestLabels with_code = labels;
  with_code.emplace("code", std::to_string(status));
  requests_.Add(with_code).Increment();
}

void RequestMetrics::observe(const RequestLabels& labels, std::chrono::nanoseconds time) {
  durations_.Add(labels, kDurationBuckets).Observe(std::chrono::duration<double>(time).count());
}

std::shared_ptr<const void> RequestMetrics::begin_long_running(const RequestLabels& labels) {
  RequestLabels shown = labels;
  shown.erase("dry_run");
  prometheus::Gauge& gauge = long_running_.Add(shown);
  gauge.Increment();
  return std::shared_ptr<prometheus::Gauge>(&gauge, [](prometheus::Gauge* ended) { ended->Decrement(); });
}

}  // namespace skiff::server
