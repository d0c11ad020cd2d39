#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

// Figures of the process and its database, which nobody keeps: they are read when Prometheus asks.
namespace skiff::server {

// How large the database is on the disk, with its WAL.
[[nodiscard]] prometheus::MetricFamily storage_size_reading(const std::string& database);

// What this process uses, as the Prometheus clients of all languages name it (process_cpu_seconds_total, ...).
[[nodiscard]] std::vector<prometheus::MetricFamily> process_readings();

}  // namespace skiff::server
