#pragma once

#include <chrono>
#include <vector>

namespace skiff {

// The upper bounds of a histogram's buckets, as the Prometheus clients name it: `count` of them, from `first` on, each
// `factor` times the one before.
[[nodiscard]] inline std::vector<double> exponential_buckets(double first, double factor, int count) {
  std::vector<double> bounds;
  for (double bound = first; count > 0; --count, bound *= factor) bounds.push_back(bound);
  return bounds;
}

// A time as histograms observe it.
[[nodiscard]] inline double in_seconds(std::chrono::duration<double> time) { return time.count(); }

}  // namespace skiff
