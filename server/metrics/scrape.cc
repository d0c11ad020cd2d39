#include "server/metrics/scrape.h"

#include "api/base/readings.h"
#include "server/handlers/responses.h"
#include "server/handlers/version.h"
#include "server/metrics/readings.h"

#include <prometheus/text_serializer.h>

#include <iterator>

namespace skiff::server {
namespace {

void append_families(std::vector<prometheus::MetricFamily>& families, std::vector<prometheus::MetricFamily> more) {
  families.insert(families.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

// Of each kind as "pods", "deployments.apps".
prometheus::MetricFamily stored_objects(const Registry& registry) {
  std::vector<LabelledValue> counts;
  for (const Kind& kind : registry.kinds().all()) {
    const std::string resource = kind.group().empty() ? kind.plural : kind.plural + "." + kind.group();
    counts.push_back({resource, static_cast<double>(registry.count(kind))});
  }
  return readings("apiserver_storage_objects", "[STABLE] Stored objects by resource.", "resource", counts);
}

prometheus::MetricFamily build_info() {
  prometheus::MetricFamily family =
      reading("kubernetes_build_info", "[ALPHA] The version that is served, as /version has it.",
              prometheus::MetricType::Gauge, 1);
  const std::pair<const char*, const char*> names[] = {
      {"build_date", "buildDate"}, {"compiler", "compiler"}, {"git_commit", "gitCommit"}, {"git_version", "gitVersion"},
      {"go_version", "goVersion"}, {"major", "major"},       {"minor", "minor"},          {"platform", "platform"}};
  const Json version = version_document();
  for (const auto& [label, member] : names) family.metric[0].label.push_back({label, string_at(version, {member})});
  return family;
}

}  // namespace

Response scrape_response(const RequestMetrics& requests, const InFlight& in_flight, const Registry& registry,
                         const std::vector<MetricSource>& others) {
  std::vector<prometheus::MetricFamily> families = requests.collect();
  families.push_back(readings("apiserver_current_inflight_requests", "[STABLE] Requests being answered, by kind.",
                              "request_kind",
                              {{"mutating", static_cast<double>(in_flight.mutating())},
                               {"readOnly", static_cast<double>(in_flight.reading())}}));
  families.push_back(stored_objects(registry));
  families.push_back(build_info());
  for (const MetricSource& other : others) append_families(families, other());
  append_families(families, process_readings());

  Response response = text_response(200, prometheus::TextSerializer().Serialize(families));
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

}  // namespace skiff::server
