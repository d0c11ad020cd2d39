#pragma once

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::test {

// The value of a sample in Prometheus' text format, named with its labels; "" when there is none.
inline std::string sample_in(const std::string& exposition, std::string_view name) {
  std::istringstream lines(exposition);
  for (std::string line; std::getline(lines, line);) {
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ' ') {
      return line.substr(name.size() + 1);
    }
  }
  return "";
}

inline std::string sample_in(const std::vector<prometheus::MetricFamily>& families, std::string_view name) {
  return sample_in(prometheus::TextSerializer().Serialize(families), name);
}

}  // namespace skiff::test
