#include "nodeagent/metrics/agent_metrics.h"

#include "nodeagent/runtime/metered_runtime.h"
#include "test/nodeagent/simulated_node.h"
#include "test/support/samples.h"

#include <catch2/catch.hpp>

using namespace skiff::test;
using namespace skiff::nodeagent;

namespace {

std::string operation_figure(const std::string& what, const std::string& type) {
  return "kubelet_runtime_operations_" + what + "{operation_type=\"" + type + "\"}";
}

}  // namespace

TEST_CASE("a node's figures are read from what its runtime has") {
  RuntimeSnapshot running;
  SandboxStatus sandbox;
  sandbox.key.pod_uid = "one";
  running.sandboxes.push_back(sandbox);  // an earlier attempt
  sandbox.ready = true;
  running.sandboxes.push_back(sandbox);
  sandbox.key.pod_uid = "another";
  running.sandboxes.push_back(sandbox);
  for (const ContainerState state : {ContainerState::kRunning, ContainerState::kRunning, ContainerState::kExited}) {
    ContainerStatus container;
    container.state = state;
    running.containers.push_back(container);
  }
  const auto families = node_readings("n1", running);
  CHECK(sample_in(families, "kubelet_node_name{node=\"n1\"}") == "1");
  CHECK(sample_in(families, "kubelet_running_pods") == "2");
  CHECK(sample_in(families, "kubelet_running_containers{container_state=\"running\"}") == "2");
  CHECK(sample_in(families, "kubelet_running_containers{container_state=\"exited\"}") == "1");
}

TEST_CASE("the runtime's operations are counted, and those that fail") {
  Node node;
  AgentMetrics metrics;
  MeteredRuntime runtime(node.runtime, metrics);
  const auto figure = [&](const std::string& name) { return sample_in(metrics.collect(), name); };
  CHECK(figure(operation_figure("total", "start_container")) == "0");
  CHECK_FALSE(run(node.context, runtime.start_container("no such container")));
  CHECK(figure(operation_figure("total", "start_container")) == "1");
  CHECK(figure(operation_figure("errors_total", "start_container")) == "1");
  CHECK(figure(operation_figure("duration_seconds_count", "start_container")) == "1");
  CHECK(run(node.context, runtime.stop_sandbox("no such sandbox")));
  CHECK(figure(operation_figure("total", "stop_podsandbox")) == "1");
  CHECK(figure(operation_figure("errors_total", "stop_podsandbox")) == "0");
}

TEST_CASE("an agent tells of its pods") {
  Node node;
  AgentMetrics metrics;
  node.options.metrics = &metrics;
  node.start();
  const auto figure = [&](const std::string& name) {
    const auto text = run(node.context, node.agent->metrics("n1"));
    REQUIRE(text);
    return sample_in(*text, name);
  };
  CHECK(figure("kubelet_running_pods") == "0");
  CHECK(figure("kubelet_pod_start_duration_seconds_count") == "0");
  node.client.put(skiff::api::kPods, make_pod());
  node.until_running();
  CHECK(figure("kubelet_running_pods") == "1");
  CHECK(figure("kubelet_running_containers{container_state=\"running\"}") == "1");
  CHECK(figure("kubelet_pod_start_duration_seconds_count") == "1");
  CHECK(figure("kubelet_pod_worker_duration_seconds_count{operation_type=\"create\"}") == "1");

  const auto other = run(node.context, node.agent->metrics("n2"));
  REQUIRE_FALSE(other);
  CHECK(other.error().reason == skiff::api::Reason::kNotFound);
}
