#include "server/cluster/nodes.h"

#include "api/base/files.h"
#include "api/base/host_name.h"
#include "api/base/ids.h"
#include "api/schema/validate.h"
#include "nodeagent/agent.h"
#include "nodeagent/images/disk_image_store.h"
#include "nodeagent/metrics/agent_metrics.h"
#include "nodeagent/mounts.h"
#include "nodeagent/network/address.h"
#include "nodeagent/pressure/node_figures.h"
#include "nodeagent/runtime/fake/fake_nodes.h"
#include "nodeagent/runtime/metered_runtime.h"
#include "nodeagent/runtime/oci/oci_runtime.h"
#include "server/cluster/host.h"
#include "server/cluster/io_threads.h"
#include "server/registry/pod_rules.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <spdlog/fmt/fmt.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace skiff::server {
namespace {

constexpr int kBlockingThreads = 4;
constexpr int kPullThreads = 3;  // images at a time; what else blocks is quick, and does not wait for them

// The part of the cluster's addresses that a node has to which nobody gave one: a /24, the first one.
Result<std::string> first_pod_cidr(const std::string& cluster_cidr) {
  auto cidr = nodeagent::Ipv4Cidr::parse(cluster_cidr);
  if (!cidr) return cidr.error().wrap("--cluster-cidr");
  cidr->prefix_length = std::max(cidr->prefix_length, 24);
  return cidr->to_string();
}

Result<nodeagent::NetworkOptions> network_options(const std::string& bridge, const std::string& cluster_cidr,
                                                  const std::string& pod_cidr) {
  nodeagent::NetworkOptions network;
  if (!bridge.empty()) network.bridge = bridge;
  const auto first = first_pod_cidr(cluster_cidr);
  if (!first) return first.error();
  network.pod_cidr = pod_cidr.empty() ? *first : pod_cidr;
  network.cluster_cidr = cluster_cidr;
  return network;
}

// Without manifests nobody needs the rules for pods, which cost a copy of the schemas.
nodeagent::StaticPodOptions static_pod_options(const NodeOptions& options) {
  nodeagent::StaticPodOptions pods;
  if (!options.pod_manifest_path.empty()) {
    std::string path = std::filesystem::absolute(options.pod_manifest_path).lexically_normal().string();
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    pods.manifest_path = std::move(path);
  }
  pods.manifest_url = options.manifest_url;
  pods.manifest_url_headers = options.manifest_url_headers;
  pods.file_check_frequency = options.file_check_frequency;
  pods.http_check_frequency = options.http_check_frequency;
  if (!pods.has_sources()) return pods;
  const auto rules = std::make_shared<const PodRules>();
  pods.rules.decode = [rules](Json document) { return rules->decode(std::move(document)); };
  pods.rules.validate = [rules](const Json& pod) { return rules->validate(pod); };
  return pods;
}

nodeagent::ImageCollector::Options image_options(const NodeOptions& options, const DataDirectory& directory) {
  nodeagent::ImageCollector::Options images;
  images.policy.high_threshold_percent = options.image_gc_high_threshold;
  images.policy.low_threshold_percent = options.image_gc_low_threshold;
  images.policy.minimum_age = options.minimum_image_age;
  images.policy.maximum_age = options.maximum_image_age;
  images.store_directory = directory.images();
  images.measure = [path = directory.images()] { return nodeagent::measure_disk_space(path); };
  return images;
}

// What is reported where nobody asked for more: a node that cannot go on like this, without the reserve of disk that
// upstream's thresholds (10% and 15%) keep and that few laptops have.
constexpr const char* kReportedThresholds =
    "memory.available<100Mi,nodefs.available<5%,nodefs.inodesFree<5%,imagefs.available<5%,imagefs.inodesFree<5%,"
    "pid.available<5%";

Result<nodeagent::PressureWatch::Options> pressure_options(const NodeOptions& options, const DataDirectory& directory) {
  auto thresholds = nodeagent::parse_eviction_thresholds(options.eviction_hard.value_or(kReportedThresholds));
  if (!thresholds) return thresholds.error();
  nodeagent::PressureWatch::Options pressure;
  pressure.thresholds = std::move(*thresholds);
  pressure.evict = options.eviction_hard.has_value();
  pressure.transition_period = options.eviction_pressure_transition_period;
  pressure.measure = [pods = directory.node(), images = directory.images()] {
    return nodeagent::read_node_figures(pods, images);
  };
  return pressure;
}

nodeagent::OciOptions oci_options(const DataDirectory& directory, nodeagent::NetworkOptions network) {
  nodeagent::OciOptions oci;
  oci.data_directory = directory.node() + "/runtime";
  oci.cgroup_root = "skiff-" + sha256_hex(oci.data_directory).substr(0, 12);
  oci.network = std::move(network);
  return oci;
}

// What the network of a data directory was made with, for `skiff clean`.
Result<void> remember_network(const DataDirectory& directory, const nodeagent::NetworkOptions& network) {
  const Json document = {
      {"bridge", network.bridge}, {"clusterCIDR", network.cluster_cidr}, {"podCIDR", network.pod_cidr}};
  return write_file_atomically(directory.network(), to_json_text(document));
}

Result<nodeagent::NetworkOptions> remembered_network(const DataDirectory& directory) {
  const auto text = read_file(directory.network());
  if (!text) return text.error();
  const auto parsed = parse_json(*text);
  if (!parsed) return parsed.error().wrap(directory.network());
  return network_options(string_at(parsed->value, {"bridge"}), string_at(parsed->value, {"clusterCIDR"}),
                         string_at(parsed->value, {"podCIDR"}));
}

// One node with real containers.
class RealNode final : public Nodes {
 public:
  RealNode(std::string name, std::unique_ptr<api::Client> client)
      : name_(std::move(name)), client_(std::move(client)) {}

  Result<void> open(const NodeOptions& options, const DataDirectory& directory, const Clock& clock,
                    const nodeagent::NodePresence& presence) {
    auto network = network_options(options.bridge, options.cluster_cidr, options.pod_cidr);
    if (!network) return network.error();
    if (auto remembered = remember_network(directory, *network); !remembered) return remembered.error();
    auto images = nodeagent::DiskImageStore::open(directory.images());
    if (!images) return images.error();
    images_ = std::move(*images);

    nodeagent::AgentOptions agent;
    agent.node_name = name_;
    agent.data_directory = directory.node() + "/pods";
    agent.internal_ip = options.node_ip.empty() ? host_address(network->bridge) : options.node_ip;
    agent.pod_cidr = network->pod_cidr;
    agent.max_pods = options.max_pods;
    agent.pod_max_pids = options.pod_max_pids;
    agent.cluster_dns = options.cluster_dns;
    agent.presence = presence;
    agent.presence.standing_lease = true;
    agent.static_pods = static_pod_options(options);
    agent.images = image_options(options, directory);
    auto pressure = pressure_options(options, directory);
    if (!pressure) return pressure.error();
    agent.pressure = std::move(*pressure);
    nodeagent::OciOptions oci = oci_options(directory, std::move(*network));
    oci.logs = {options.container_log_max_bytes, options.container_log_max_files};
    oci.executor = thread_.executor();
    oci.pool = &pool_;
    auto runtime = nodeagent::OciRuntime::open(std::move(oci));
    if (!runtime) return runtime.error();
    runtime_ = std::move(*runtime);
    metered_ = std::make_unique<nodeagent::MeteredRuntime>(*runtime_, metrics_);
    agent.metrics = &metrics_;
    agent.pull_pool = &pull_pool_;
    agent_ = std::make_shared<nodeagent::NodeAgent>(*client_, *metered_, *images_, clock, thread_.executor(), pool_,
                                                    std::move(agent));
    return {};
  }

  std::shared_ptr<api::NodeService> service() override { return agent_; }
  Task<Result<void>> start() override {
    return asio::co_spawn(thread_.executor(), agent_->start(), asio::use_awaitable);
  }
  Task<void> stop() override { return asio::co_spawn(thread_.executor(), agent_->stop(), asio::use_awaitable); }

 private:
  const std::string name_;
  asio::thread_pool pool_{kBlockingThreads};
  asio::thread_pool pull_pool_{kPullThreads};
  IoThreads thread_{1};
  std::unique_ptr<api::Client> client_;
  std::unique_ptr<nodeagent::DiskImageStore> images_;
  nodeagent::AgentMetrics metrics_;
  std::unique_ptr<nodeagent::OciRuntime> runtime_;
  std::unique_ptr<nodeagent::MeteredRuntime> metered_;
  std::shared_ptr<nodeagent::NodeAgent> agent_;
};

nodeagent::FakeNodesOptions fake_options(const NodeOptions& options) {
  nodeagent::FakeNodesOptions fake;
  fake.count = static_cast<std::size_t>(options.fake_nodes);
  if (fake.count == 1) fake.only_name = options.node_name;
  if (!options.node_name.empty()) fake.name_prefix = options.node_name + "-";
  fake.internal_ip = options.node_ip;
  fake.capacity.pods = options.max_pods;
  return fake;
}

// From now on the calling thread works when the others leave it time. Simulated nodes stand for other machines, which
// would not take processors from the control plane.
void stand_back() {
  constexpr int kNiceness = 10;
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);
}

// Any number of nodes whose containers only exist in memory.
class SimulatedNodes final : public Nodes {
 public:
  SimulatedNodes(const NodeOptions& options, const Clock& clock, std::unique_ptr<api::Client> client,
                 const nodeagent::NodePresence& presence)
      : client_(std::move(client)) {
    nodeagent::FakeNodesOptions fake = fake_options(options);
    fake.presence = presence;
    fake.static_pods = static_pod_options(options);
    nodes_ = std::make_shared<nodeagent::FakeNodes>(*client_, clock, thread_.executor(), pool_, std::move(fake));
    asio::post(thread_.executor(), stand_back);
  }

  std::shared_ptr<api::NodeService> service() override { return nodes_; }
  Task<Result<void>> start() override {
    return asio::co_spawn(thread_.executor(), nodes_->start(), asio::use_awaitable);
  }
  Task<void> stop() override { return asio::co_spawn(thread_.executor(), nodes_->stop(), asio::use_awaitable); }

 private:
  asio::thread_pool pool_{1};
  IoThreads thread_{1};
  std::unique_ptr<api::Client> client_;
  std::shared_ptr<nodeagent::FakeNodes> nodes_;
};

}  // namespace

Result<std::vector<std::string>> Nodes::names(const NodeOptions& options) {
  const std::string wrong =
      options.node_name.empty() ? std::string() : api::schema::check_format("dns1123-subdomain", options.node_name);
  if (!wrong.empty()) return Error{ErrorCode::kInvalid, "--node-name \"" + options.node_name + "\": " + wrong};
  if (options.runtime == RuntimeKind::kFake) return nodeagent::FakeNodes::names(fake_options(options));
  return std::vector<std::string>{options.node_name.empty() ? host_name() : options.node_name};
}

Result<std::unique_ptr<Nodes>> Nodes::open(const NodeOptions& options, const DataDirectory& directory,
                                           const Clock& clock, std::unique_ptr<api::Client> client,
                                           const nodeagent::NodePresence& presence) {
  const auto names = Nodes::names(options);
  if (!names) return names.error();
  if (options.runtime == RuntimeKind::kFake) {
    return std::unique_ptr<Nodes>(std::make_unique<SimulatedNodes>(options, clock, std::move(client), presence));
  }
  auto node = std::make_unique<RealNode>(names->front(), std::move(client));
  if (auto opened = node->open(options, directory, clock, presence); !opened) return opened.error();
  return std::unique_ptr<Nodes>(std::move(node));
}

std::string remembered_pod_cidr(const DataDirectory& directory) {
  const auto network = remembered_network(directory);
  return network ? network->pod_cidr : "";
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
