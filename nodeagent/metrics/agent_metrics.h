#pragma once

#include "api/base/result.h"
#include "nodeagent/runtime/runtime.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Histogram;
struct MetricFamily;
}  // namespace prometheus

namespace skiff::nodeagent {

// What upstream's kubelet counts and times of its own work, under its names. The agent tells what happens; thread-safe.
class AgentMetrics {
 public:
  using Duration = std::chrono::steady_clock::duration;
  enum class PodOperation { kCreate, kSync, kKill };

  // The figures of one of the runtime's operations.
  struct Operation {
    prometheus::Counter& total;
    prometheus::Counter& errors;
    prometheus::Histogram& duration;
    void ended(bool well, Duration time) const;
  };

  AgentMetrics();
  ~AgentMetrics();

  // `type` as in the CRI: "run_podsandbox".
  [[nodiscard]] Operation operation(const std::string& type);
  // A pod runs, so long after it was first seen.
  void pod_started(Duration time);
  // One round of work on a pod is done.
  void pod_worked(PodOperation operation, Duration time);

  [[nodiscard]] std::vector<prometheus::MetricFamily> collect() const;

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

// What is read when Prometheus asks: whose figures these are, and what runs at this moment.
[[nodiscard]] std::vector<prometheus::MetricFamily> node_readings(const std::string& node_name,
                                                                  const RuntimeSnapshot& running);

}  // namespace skiff::nodeagent
