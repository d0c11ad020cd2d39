#include "server/cluster/nodes.h"

#include "api/base/files.h"
#include "api/schema/validate.h"
#include "nodeagent/agent.h"
#include "nodeagent/images/disk_image_store.h"
#include "nodeagent/mounts.h"
#include "nodeagent/network/address.h"
#include "nodeagent/runtime/fake/fake_nodes.h"
#include "nodeagent/runtime/oci/oci_runtime.h"
#include "server/cluster/host.h"
#include "server/cluster/io_threads.h"

#include <boost/asio/thread_pool.hpp>
#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace skiff::server {
namespace {

constexpr int kBlockingThreads = 4;

// The node's part of the cluster's addresses: a /24, the first one. (Each node of several will get the next.)
Result<std::string> node_pod_cidr(const std::string& cluster_cidr) {
  auto cidr = nodeagent::Ipv4Cidr::parse(cluster_cidr);
  if (!cidr) return cidr.error().wrap("--cluster-cidr");
  cidr->prefix_length = std::max(cidr->prefix_length, 24);
  return cidr->to_string();
}

Result<nodeagent::NetworkOptions> network_options(const std::string& bridge, const std::string& cluster_cidr) {
  nodeagent::NetworkOptions network;
  if (!bridge.empty()) network.bridge = bridge;
  const auto pod_cidr = node_pod_cidr(cluster_cidr);
  if (!pod_cidr) return pod_cidr.error();
  network.pod_cidr = *pod_cidr;
  network.cluster_cidr = cluster_cidr;
  return network;
}

nodeagent::OciOptions oci_options(const DataDirectory& directory, nodeagent::NetworkOptions network) {
  nodeagent::OciOptions oci;
  oci.data_directory = directory.node() + "/runtime";
  oci.network = std::move(network);
  return oci;
}

// What the network of a data directory was made with, for `skiff clean`.
Result<void> remember_network(const DataDirectory& directory, const nodeagent::NetworkOptions& network) {
  const Json document = {{"bridge", network.bridge}, {"clusterCIDR", network.cluster_cidr}};
  return write_file_atomically(directory.network(), to_json_text(document));
}

Result<nodeagent::NetworkOptions> remembered_network(const DataDirectory& directory) {
  const auto text = read_file(directory.network());
  if (!text) return text.error();
  const auto parsed = parse_json(*text);
  if (!parsed) return parsed.error().wrap(directory.network());
  return network_options(string_at(parsed->value, {"bridge"}), string_at(parsed->value, {"clusterCIDR"}));
}

// One node with real containers.
class RealNode final : public Nodes {
 public:
  RealNode(ControlPlane& control_plane, std::string name) : control_plane_(control_plane), name_(std::move(name)) {}

  Result<void> open(const ServeOptions& options, const DataDirectory& directory, const Clock& clock) {
    auto network = network_options(options.bridge, options.cluster_cidr);
    if (!network) return network.error();
    if (auto remembered = remember_network(directory, *network); !remembered) return remembered.error();
    auto images = nodeagent::DiskImageStore::open(directory.images());
    if (!images) return images.error();
    images_ = std::move(*images);

    nodeagent::AgentOptions agent;
    agent.node_name = name_;
    agent.data_directory = directory.node() + "/pods";
    agent.internal_ip = host_address(network->bridge);
    agent.pod_cidr = network->pod_cidr;
    agent.max_pods = options.max_pods;
    agent.cluster_dns = options.cluster_dns;
    nodeagent::OciOptions oci = oci_options(directory, std::move(*network));
    oci.executor = thread_.executor();
    oci.pool = &pool_;
    auto runtime = nodeagent::OciRuntime::open(std::move(oci));
    if (!runtime) return runtime.error();
    runtime_ = std::move(*runtime);
    client_ = control_plane_.node_client(name_);
    agent_ = std::make_shared<nodeagent::NodeAgent>(*client_, *runtime_, *images_, clock, thread_.executor(), pool_,
                                                    std::move(agent));
    return {};
  }

  Task<Result<void>> start() override {
    control_plane_.nodes().add(name_, agent_);
    return asio::co_spawn(thread_.executor(), agent_->start(), asio::use_awaitable);
  }

  Task<void> stop() override { return asio::co_spawn(thread_.executor(), agent_->stop(), asio::use_awaitable); }

 private:
  ControlPlane& control_plane_;
  const std::string name_;
  asio::thread_pool pool_{kBlockingThreads};
  IoThreads thread_{1};
  std::unique_ptr<api::Client> client_;
  std::unique_ptr<nodeagent::DiskImageStore> images_;
  std::unique_ptr<nodeagent::OciRuntime> runtime_;
  std::shared_ptr<nodeagent::NodeAgent> agent_;
};

// Any number of nodes whose containers only exist in memory.
class SimulatedNodes final : public Nodes {
 public:
  SimulatedNodes(const ServeOptions& options, const Clock& clock, ControlPlane& control_plane)
      : control_plane_(control_plane), client_(control_plane.node_client("fake")) {
    nodeagent::FakeNodesOptions fake;
    fake.count = static_cast<std::size_t>(options.fake_nodes);
    if (fake.count == 1) fake.only_name = options.node_name;
    if (!options.node_name.empty()) fake.name_prefix = options.node_name + "-";
    fake.capacity.pods = options.max_pods;
    nodes_ = std::make_shared<nodeagent::FakeNodes>(*client_, clock, thread_.executor(), pool_, std::move(fake));
  }

  Task<Result<void>> start() override {
    control_plane_.nodes().set_fallback(nodes_);
    return asio::co_spawn(thread_.executor(), nodes_->start(), asio::use_awaitable);
  }

  Task<void> stop() override {
    control_plane_.nodes().set_fallback(nullptr);
    return asio::co_spawn(thread_.executor(), nodes_->stop(), asio::use_awaitable);
  }

 private:
  ControlPlane& control_plane_;
  asio::thread_pool pool_{1};
  IoThreads thread_{1};
  std::unique_ptr<api::Client> client_;
  std::shared_ptr<nodeagent::FakeNodes> nodes_;
};

}  // namespace

Result<std::unique_ptr<Nodes>> Nodes::open(const ServeOptions& options, const DataDirectory& directory,
                                           const Clock& clock, ControlPlane& control_plane) {
  const std::string wrong =
      options.node_name.empty() ? std::string() : api::schema::check_format("dns1123-subdomain", options.node_name);
  if (!wrong.empty()) return Error{ErrorCode::kInvalid, "--node-name \"" + options.node_name + "\": " + wrong};
  if (options.runtime == RuntimeKind::kFake) {
    return std::unique_ptr<Nodes>(std::make_unique<SimulatedNodes>(options, clock, control_plane));
  }
  auto node = std::make_unique<RealNode>(control_plane, options.node_name.empty() ? host_name() : options.node_name);
  if (auto opened = node->open(options, directory, clock); !opened) return opened.error();
  return std::unique_ptr<Nodes>(std::move(node));
}

Result<void> clean_node(const DataDirectory& directory) {
  auto network = remembered_network(directory);
  // No node has ever run here.
  if (!network && network.error().code == ErrorCode::kNotFound) return {};
  if (!network) return network.error();
  if (auto cleaned = nodeagent::clean(oci_options(directory, std::move(*network))); !cleaned) return cleaned;
  // Volumes in memory are mounts, too.
  if (auto unmounted = nodeagent::unmount_below(directory.node()); !unmounted) return unmounted;
  if (auto removed = remove_tree(directory.node()); !removed) return removed;
  return remove_tree(directory.network());
}

}  // namespace skiff::server
