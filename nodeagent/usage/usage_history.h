#pragma once

#include "api/base/clock.h"
#include "api/node_service.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace skiff::nodeagent {

// What a node and its containers have used until a moment.
struct UsageSample {
  struct Container {
    api::NamespacedName pod;
    std::string name;
    std::int64_t cpu_nanoseconds = 0;  // since it started
    std::int64_t memory_bytes = 0;
  };
  TimePoint time;
  std::int64_t cpu_nanoseconds = 0;  // of the whole node, since whenever
  std::int64_t memory_bytes = 0;
  std::map<std::string, Container> containers;  // that run, by id
};

// Turns samples, which are taken when somebody asks, into what is used per second. As metrics-server's, an answer is
// good for 15 s, and spans the time since the sample before; but a sample older than a minute says nothing about now,
// and is not kept company. Pure.
class UsageHistory {
 public:
  // How many samples must be added before usage() can answer for the time `now`: 0, 1, or 2 with some time between
  // them.
  [[nodiscard]] int samples_due(TimePoint now) const;
  void add(UsageSample sample);
  // Between the last two samples. A pod that has a container which was not in both is left out.
  [[nodiscard]] api::NodeUsage usage() const;

 private:
  std::optional<UsageSample> before_;
  std::optional<UsageSample> latest_;
};

}  // namespace skiff::nodeagent
