#include "nodeagent/metrics/agent_metrics.h"

#include "api/base/buckets.h"
#include "api/base/readings.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <set>

namespace skiff::nodeagent {

namespace {

using prometheus::Counter;
using prometheus::Histogram;
using prometheus::MetricFamily;

// Upstream's, in seconds.
const std::vector<double> kPodStartBuckets = {0.5, 1,   2,   3,   4,   5,   6,   8,   10,   20,   30,   45,  60,
                                              120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600};
// The Prometheus clients' own.
const std::vector<double> kUsualBuckets = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

const char* state_label(ContainerState state) {
  switch (state) {
    case ContainerState::kCreated:
      return "created";
    case ContainerState::kRunning:
      return "running";
    case ContainerState::kExited:
      return "exited";
    case ContainerState::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace

void AgentMetrics::Operation::ended(bool well, Duration time) const {
  total.Increment();
  if (!well) errors.Increment();
  duration.Observe(in_seconds(time));
}

struct AgentMetrics::Families {
  Histogram& worked(const char* operation) { return work.Add({{"operation_type", operation}}, kUsualBuckets); }

  prometheus::Registry registry;
  prometheus::Family<Counter>& operations =
      prometheus::BuildCounter()
          .Name("kubelet_runtime_operations_total")
          .Help("[ALPHA] Cumulative number of runtime operations by operation type.")
          .Register(registry);
  prometheus::Family<Counter>& operation_errors =
      prometheus::BuildCounter()
          .Name("kubelet_runtime_operations_errors_total")
          .Help("[ALPHA] Cumulative number of runtime operation errors by operation type.")
          .Register(registry);
  prometheus::Family<Histogram>& operation_durations =
      prometheus::BuildHistogram()
          .Name("kubelet_runtime_operations_duration_seconds")
          .Help("[ALPHA] Duration in seconds of runtime operations. Broken down by operation type.")
          .Register(registry);
  prometheus::Family<Histogram>& start =
      prometheus::BuildHistogram()
          .Name("kubelet_pod_start_duration_seconds")
          .Help("[ALPHA] Seconds from a pod's first being seen here until it runs, pulls of images included.")
          .Register(registry);
  prometheus::Family<Histogram>& work =
      prometheus::BuildHistogram()
          .Name("kubelet_pod_worker_duration_seconds")
          .Help("[ALPHA] Seconds of a round of work on one pod, by what it was: create, sync or kill.")
          .Register(registry);
  Histogram& started = start.Add({}, kPodStartBuckets);
  Histogram& created = worked("create");
  Histogram& synced = worked("sync");
  Histogram& killed = worked("kill");
};

AgentMetrics::AgentMetrics() : families_(std::make_unique<Families>()) {}
AgentMetrics::~AgentMetrics() = default;

AgentMetrics::Operation AgentMetrics::operation(const std::string& type) {
  const std::map<std::string, std::string> labels = {{"operation_type", type}};
  return {families_->operations.Add(labels), families_->operation_errors.Add(labels),
          families_->operation_durations.Add(labels, exponential_buckets(0.005, 2.5, 14))};
}

void AgentMetrics::pod_started(Duration time) { families_->started.Observe(in_seconds(time)); }

void AgentMetrics::pod_worked(PodOperation operation, Duration time) {
  Histogram& histogram = operation == PodOperation::kCreate ? families_->created
                         : operation == PodOperation::kKill ? families_->killed
                                                            : families_->synced;
  histogram.Observe(in_seconds(time));
}

std::vector<MetricFamily> AgentMetrics::collect() const { return families_->registry.Collect(); }

std::vector<MetricFamily> node_readings(const std::string& node_name, const RuntimeSnapshot& running) {
  std::set<std::string> pods;
  for (const SandboxStatus& sandbox : running.sandboxes) {
    if (sandbox.ready) pods.insert(sandbox.key.pod_uid);
  }
  std::map<std::string, double> by_state;
  for (const ContainerStatus& container : running.containers) ++by_state[state_label(container.state)];
  std::vector<LabelledValue> containers;
  for (const auto& [state, count] : by_state) containers.push_back({state, count});
  return {readings("kubelet_node_name", "[ALPHA] The node's name. The count is always 1.", "node", {{node_name, 1}}),
          reading("kubelet_running_pods", "[ALPHA] Number of pods that have a running pod sandbox",
                  prometheus::MetricType::Gauge, static_cast<double>(pods.size())),
          readings("kubelet_running_containers", "[ALPHA] Containers that exist, by their state.", "container_state",
                   containers)};
}

}  // namespace skiff::nodeagent
