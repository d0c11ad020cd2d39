#include "nodeagent/runtime/fake/fake_nodes.h"

namespace skiff::nodeagent {

namespace {

// So many nodes register at a time, so that the store can commit them together.
constexpr std::size_t kConcurrentStarts = 64;

// 172.16.0.1 and up.
std::string node_address(std::size_t index) {
  const std::size_t number = index + 1;
  return "172." + std::to_string(16 + (number >> 16)) + "." + std::to_string(number >> 8 & 255) + "." +
         std::to_string(number & 255);
}

// In the server's own process there is nobody else to give addresses.
std::string address_seed(const FakeNodesOptions& options) {
  const bool lives_apart = options.presence.lease_duration > std::chrono::milliseconds::zero();
  return lives_apart ? FakeNodes::names(options).front() : std::string();
}

}  // namespace

FakeNodes::FakeNodes(api::Client& client, const Clock& clock, asio::any_io_executor executor, asio::thread_pool& pool,
                     FakeNodesOptions options)
    : client_(client),
      clock_(clock),
      executor_(executor),
      pool_(pool),
      options_(std::move(options)),
      addresses_(address_seed(options_)),
      turns_(options_.pods_at_a_time) {
  HostFacts host = read_host_facts("/");
  host.capacity = options_.capacity;
  nodes_.reserve(options_.count);
  for (std::string& name : names(options_)) add_node(std::move(name), nodes_.size(), host);
}

std::vector<std::string> FakeNodes::names(const FakeNodesOptions& options) {
  if (options.count == 1 && !options.only_name.empty()) return {options.only_name};
  std::vector<std::string> names;
  for (std::size_t number = 1; number <= options.count; ++number) {
    names.push_back(options.name_prefix + std::to_string(number));
  }
  return names;
}

FakeNodes::~FakeNodes() = default;

void FakeNodes::add_node(std::string name, std::size_t index, const HostFacts& host) {
  AgentOptions options;
  options.node_name = name;
  options.internal_ip = options_.internal_ip.empty() ? node_address(index) : options_.internal_ip;
  options.presence = options_.presence;
  options.presence.standing_lease = options_.count == 1;
  options.kubelet_version = options_.kubelet_version;
  options.host = host;
  options.capacity = options_.capacity;
  options.record_events = options_.record_events;
  options.announced = options_.count == 1;
  options.watch_pods = false;
  options.turns = &turns_;
  if (options_.count == 1) options.static_pods = options_.static_pods;

  FakeRuntime::Options runtime;
  runtime.start_delay = options_.start_delay;
  runtime.version = options_.runtime_version;
  Node node;
  node.runtime = std::make_unique<FakeRuntime>(addresses_, clock_, runtime);
  node.agent =
      std::make_unique<NodeAgent>(client_, *node.runtime, images_, clock_, executor_, pool_, std::move(options));
  index_of_.emplace(std::move(name), nodes_.size());
  nodes_.push_back(std::move(node));
}

NodeAgent* FakeNodes::agent_of(const Json& pod) {
  const auto found = index_of_.find(string_at(pod, {"spec", "nodeName"}));
  return found == index_of_.end() ? nullptr : nodes_[found->second].agent.get();
}

FakeRuntime* FakeNodes::runtime_of(const std::string& node_name) {
  const auto found = index_of_.find(node_name);
  return found == index_of_.end() ? nullptr : nodes_[found->second].runtime.get();
}

Task<void> FakeNodes::start_some(std::size_t first, std::size_t step) {
  for (std::size_t index = first; index < nodes_.size(); index += step) {
    const auto started = co_await nodes_[index].agent->start();
    if (!started) failure_ = started.error();
  }
}

Task<Result<void>> FakeNodes::start() {
  TaskGroup starting(executor_);
  for (std::size_t first = 0; first < kConcurrentStarts; ++first) starting.spawn(start_some(first, kConcurrentStarts));
  co_await starting.join();
  if (failure_) co_return *failure_;

  api::InformerOptions options;
  options.field_selector = "spec.nodeName!=";
  options.awake = api::InformerFactory::kAwakePods;
  informer_ = std::make_unique<api::Informer>(executor_, client_, api::kPods, options);
  api::InformerHandlers handlers;
  const auto changed = [this](const api::ObjectPtr& pod) {
    if (NodeAgent* agent = agent_of(*pod)) agent->pod_changed(pod);
  };
  handlers.added = changed;
  handlers.updated = [changed](const api::ObjectPtr&, const api::ObjectPtr& pod) { changed(pod); };
  handlers.deleted = [this](const api::ObjectPtr& last) {
    if (NodeAgent* agent = agent_of(*last)) agent->pod_deleted(last);
  };
  informer_->add_handlers(std::move(handlers));
  informer_->start();
  co_return Result<void>();
}

Task<void> FakeNodes::stop() {
  if (informer_) co_await informer_->stop();
  for (const Node& node : nodes_) co_await node.agent->stop();
}

Task<NodeAgent*> FakeNodes::find_agent(api::NamespacedName name) {
  const api::ObjectPtr pod = informer_ ? informer_->cache().get(name) : nullptr;
  co_return pod ? agent_of(*pod) : nullptr;
}

Task<api::Result<std::unique_ptr<api::ByteStream>>> FakeNodes::logs(api::NamespacedName pod, api::LogOptions options) {
  auto search = find_agent(pod);
  NodeAgent* agent = co_await asio::co_spawn(executor_, std::move(search), asio::use_awaitable);
  if (agent == nullptr) co_return api::not_found("", "pods", pod.name);
  co_return co_await agent->logs(pod, options);
}

Task<api::Result<api::StartProcess>> FakeNodes::exec(api::NamespacedName pod, api::ExecOptions options) {
  auto search = find_agent(pod);
  NodeAgent* agent = co_await asio::co_spawn(executor_, std::move(search), asio::use_awaitable);
  if (agent == nullptr) co_return api::not_found("", "pods", pod.name);
  co_return co_await agent->exec(pod, options);
}

Task<api::Result<api::StartProcess>> FakeNodes::attach(api::NamespacedName pod, api::ExecOptions options) {
  auto search = find_agent(pod);
  NodeAgent* agent = co_await asio::co_spawn(executor_, std::move(search), asio::use_awaitable);
  if (agent == nullptr) co_return api::not_found("", "pods", pod.name);
  co_return co_await agent->attach(pod, options);
}

Task<api::Result<api::OpenPort>> FakeNodes::port_forward(api::NamespacedName pod) {
  auto search = find_agent(pod);
  NodeAgent* agent = co_await asio::co_spawn(executor_, std::move(search), asio::use_awaitable);
  if (agent == nullptr) co_return api::not_found("", "pods", pod.name);
  co_return co_await agent->port_forward(pod);
}

Task<api::Result<api::NodeUsage>> FakeNodes::usage(std::string node_name) {
  const auto found = index_of_.find(node_name);
  if (found == index_of_.end()) co_return api::not_found("", "nodes", node_name);
  co_return co_await nodes_[found->second].agent->usage(node_name);
}

Task<api::Result<std::string>> FakeNodes::metrics(std::string node_name) {
  const auto found = index_of_.find(node_name);
  if (found == index_of_.end()) co_return api::not_found("", "nodes", node_name);
  co_return co_await nodes_[found->second].agent->metrics(node_name);
}

}  // namespace skiff::nodeagent
