#pragma once

#include <functional>
#include <vector>

namespace prometheus {
struct MetricFamily;
}

namespace skiff::server {

// Gives the figures that another part of the process keeps (the controllers' queues, the scheduler), as of now.
// Thread-safe, and does not wait for that part.
using MetricSource = std::function<std::vector<prometheus::MetricFamily>()>;

}  // namespace skiff::server
