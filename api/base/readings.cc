#include "api/base/readings.h"

#include <utility>

namespace skiff {

namespace {

prometheus::ClientMetric gauge(double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  return metric;
}

}  // namespace

prometheus::MetricFamily reading(std::string name, std::string help, prometheus::MetricType type, double value) {
  prometheus::MetricFamily family{std::move(name), std::move(help), type, {gauge(value)}};
  family.metric[0].counter.value = value;
  return family;
}

prometheus::MetricFamily readings(std::string name, std::string help, const std::string& label,
                                  const std::vector<LabelledValue>& values) {
  prometheus::MetricFamily family{std::move(name), std::move(help), prometheus::MetricType::Gauge, {}};
  for (const LabelledValue& value : values) {
    family.metric.push_back(gauge(value.value));
    family.metric.back().label.push_back({label, value.label});
  }
  return family;
}

}  // namespace skiff
