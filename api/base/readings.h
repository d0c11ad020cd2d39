#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

// Figures that nobody keeps: they are read when Prometheus asks.
namespace skiff {

// A family of one figure without labels.
[[nodiscard]] prometheus::MetricFamily reading(std::string name, std::string help, prometheus::MetricType type,
                                               double value);
// A family of gauges that differ in one label.
struct LabelledValue {
  std::string label;
  double value = 0;
};
[[nodiscard]] prometheus::MetricFamily readings(std::string name, std::string help, const std::string& label,
                                                const std::vector<LabelledValue>& values);

}  // namespace skiff
