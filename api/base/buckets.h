#pragma once

#include <vector>

namespace skiff {

// The upper bounds of a histogram's buckets, as the Prometheus clients name it: `count` of them, from `first` on, each
// `factor` times the one before.
[[nodiscard]] inline std::vector<double> exponential_buckets(double first, double factor, int count) {
  std::vector<double> bounds;
  for (double bound = first; count > 0; --count, bound *= factor) bounds.push_back(bound);
  return bounds;
}

}  // namespace skiff
