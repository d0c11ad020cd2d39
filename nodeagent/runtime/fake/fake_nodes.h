#pragma once

#include "api/client.h"
#include "api/client/informer.h"
#include "api/node_service.h"
#include "nodeagent/agent.h"
#include "nodeagent/runtime/fake/fake_image_store.h"
#include "nodeagent/runtime/fake/fake_runtime.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace skiff::nodeagent {

struct FakeNodesOptions {
  std::size_t count = 1;
  std::string name_prefix = "fake-";  // fake-1, fake-2, ...
  std::string only_name;              // with count 1: this name
  NodeCapacity capacity{32000, 256LL << 30, 1LL << 40, 110};
  std::chrono::milliseconds start_delay{0};  // of a container
  std::string internal_ip;                   // of all; empty: one of its own for each, which leads nowhere
  NodePresence presence;
  // Events cost more memory than everything else about a simulated pod.
  bool record_events = true;
  std::string kubelet_version = "v1.32.0";
  std::string runtime_version = "0.1.0";
  StaticPodOptions static_pods;      // with count 1 only
  std::size_t pods_at_a_time = 256;  // that are worked on, of all nodes; enough for the store to commit many together
};

// Many simulated nodes in one process: a NodeAgent with a FakeRuntime for each, but one watch of pods for all of them,
// and nothing on disk. For tests and for scale.
//
// Concurrency: everything but what api::NodeService asks on the executor given, which has one thread.
// It will not: run anything. Pods get addresses that lead nowhere; their logs are empty, and their
// commands those of FakeProcess.
class FakeNodes final : public api::NodeService {
 public:
  // All must outlive the nodes.
  FakeNodes(api::Client& client, const Clock& clock, asio::any_io_executor executor, asio::thread_pool& pool,
            FakeNodesOptions options);
  ~FakeNodes() override;

  // Registers all nodes, then follows the pods of the cluster.
  Task<Result<void>> start();
  Task<void> stop();

  // Thread-safe.
  Task<api::Result<std::unique_ptr<api::ByteStream>>> logs(api::NamespacedName pod, api::LogOptions options) override;
  Task<api::Result<api::StartProcess>> exec(api::NamespacedName pod, api::ExecOptions options) override;
  Task<api::Result<api::StartProcess>> attach(api::NamespacedName pod, api::ExecOptions options) override;
  Task<api::Result<api::OpenPort>> port_forward(api::NamespacedName pod) override;
  Task<api::Result<api::NodeUsage>> usage(std::string node_name) override;
  Task<api::Result<std::string>> metrics(std::string node_name) override;

  // fake-1, fake-2, ... as the options have it.
  [[nodiscard]] static std::vector<std::string> names(const FakeNodesOptions& options);
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  // The runtime of a node, to make its containers fail or end; null for an unknown node.
  [[nodiscard]] FakeRuntime* runtime_of(const std::string& node_name);

 private:
  struct Node {
    std::unique_ptr<FakeRuntime> runtime;
    std::unique_ptr<NodeAgent> agent;
  };

  void add_node(std::string name, std::size_t index, const HostFacts& host);
  // Starts every `step`-th node from `first` on.
  Task<void> start_some(std::size_t first, std::size_t step);
  [[nodiscard]] NodeAgent* agent_of(const Json& pod);
  Task<NodeAgent*> find_agent(api::NamespacedName pod);

  api::Client& client_;
  const Clock& clock_;
  asio::any_io_executor executor_;
  asio::thread_pool& pool_;
  const FakeNodesOptions options_;
  FakeAddresses addresses_;
  FakeImageStore images_;
  Turns turns_;
  std::vector<Node> nodes_;
  std::unordered_map<std::string, std::size_t> index_of_;  // by node name
  std::optional<Error> failure_;
  std::unique_ptr<api::Informer> informer_;
};

}  // namespace skiff::nodeagent
