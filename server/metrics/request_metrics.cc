#include "server/metrics/request_metrics.h"

#include "api/base/buckets.h"

namespace skiff::server {
namespace {

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
std::string_view scope_label(const RequestInfo& info) {
  if (!info.name.empty() || info.verb == "create") return "resource";
  return info.namespace_.empty() ? "cluster" : "namespace";
}

// What the label dry_run says.
std::string_view dry_run_label(const Request& request) {
  return request.query_value("dryRun").value_or("") == "All" ? "All" : "";
}

}  // namespace

const std::vector<double>& request_time_buckets() {
  static const std::vector<double> buckets = {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2,
                                              3,     4,     5,    6,   8,   10,  15,  20,  30,  45,   60};
  return buckets;
}

void RequestSeries::count(int status) {
  const std::lock_guard lock(mutex_);
  prometheus::Counter*& counter = requests_[status];
  if (counter == nullptr) {
    Labels labels = labels_;
    labels.emplace("code", std::to_string(status));
    counter = &families_.requests.Add(labels);
  }
  counter->Increment();
}

void RequestSeries::observe(std::chrono::nanoseconds time) {
  const std::lock_guard lock(mutex_);
  if (durations_ == nullptr) durations_ = &families_.durations.Add(labels_, request_time_buckets());
  durations_->Observe(in_seconds(time));
}

std::shared_ptr<const void> RequestSeries::begin_long_running() {
  Labels shown = labels_;
  shown.erase("dry_run");
  prometheus::Gauge& gauge = families_.long_running.Add(shown);
  gauge.Increment();
  return std::shared_ptr<prometheus::Gauge>(&gauge, [](prometheus::Gauge* ended) { ended->Decrement(); });
}

RequestMetrics::RequestMetrics()
    : families_{prometheus::BuildCounter()
                    .Name("apiserver_request_total")
                    .Help("[STABLE] Requests answered, by what they were about and by the code of the answer.")
                    .Register(registry_),
                prometheus::BuildHistogram()
                    .Name("apiserver_request_duration_seconds")
                    .Help(
                        "[STABLE] Seconds from a request's arrival until its answer is ready; without those that last.")
                    .Register(registry_),
                prometheus::BuildGauge()
                    .Name("apiserver_longrunning_requests")
                    .Help("[STABLE] Watches, logs and streams that go on at the moment.")
                    .Register(registry_)},
      watch_events_(prometheus::BuildCounter()
                        .Name("apiserver_watch_events_total")
                        .Help("[ALPHA] Number of events sent in watch clients")
                        .Register(registry_)) {}

RequestSeries& RequestMetrics::series(const Request& request, const RequestInfo& info) {
  const std::string verb = verb_label(request, info);
  const std::string_view scope = scope_label(info);
  const std::string_view dry_run = dry_run_label(request);
  std::string key;
  for (const std::string_view part :
       {std::string_view(verb), std::string_view(info.group), std::string_view(info.version),
        std::string_view(info.resource), std::string_view(info.subresource), scope, dry_run}) {
    key += part;
    key += '/';
  }
  const std::lock_guard lock(mutex_);
  std::unique_ptr<RequestSeries>& series = series_[key];
  if (series) return *series;
  RequestSeries::Labels labels = {{"component", "apiserver"},
                                  {"dry_run", std::string(dry_run)},
                                  {"group", info.group},
                                  {"resource", info.resource},
                                  {"scope", std::string(scope)},
                                  {"subresource", info.subresource},
                                  {"verb", verb},
                                  {"version", info.version}};
  series.reset(new RequestSeries(families_, std::move(labels)));
  return *series;
}

prometheus::Counter& RequestMetrics::watch_events(const std::string& group, const std::string& version,
                                                  const std::string& kind) {
  return watch_events_.Add({{"group", group}, {"kind", kind}, {"version", version}});
}

}  // namespace skiff::server
