#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

// Figures that nobody keeps: they are read when Prometheus asks.
namespace skiff::server {

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

// How large the database is on the disk, with its WAL.
[[nodiscard]] prometheus::MetricFamily storage_size_reading(const std::string& database);

// What this process uses, as the Prometheus clients of all languages name it (process_cpu_seconds_total, ...).
[[nodiscard]] std::vector<prometheus::MetricFamily> process_readings();

}  // namespace skiff::server
