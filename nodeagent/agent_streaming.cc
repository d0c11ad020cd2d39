#include "api/base/ids.h"
#include "nodeagent/agent.h"

#include <prometheus/text_serializer.h>

// The kubelet's exec, attach, port-forward, usage and metrics: who is meant, and how what the runtime says is told.
namespace skiff::nodeagent {

namespace {

api::Status node_failure(std::string message) {
  api::Status status;
  status.reason = api::Reason::kInternalError;
  status.message = std::move(message);
  return status;
}

api::Status no_such_pod() {
  api::Status status;
  status.reason = api::Reason::kNotFound;
  status.message = "pod does not exist";
  return status;
}

}  // namespace

Task<api::Result<std::string>> NodeAgent::find_running_container(api::NamespacedName pod, std::string container) {
  const auto worker = find_pod(pod);
  if (!worker) co_return no_such_pod();
  const auto found = worker->state().containers.find(container);
  if (found == worker->state().containers.end() || !is_running(found->second)) {
    co_return node_failure("container not found (\"" + container + "\")");
  }
  co_return found->second.latest->status.id;
}

Task<api::Result<std::string>> NodeAgent::find_ready_sandbox(api::NamespacedName pod) {
  const auto worker = find_pod(pod);
  if (!worker) co_return no_such_pod();
  const auto& sandbox = worker->state().sandbox;
  if (!sandbox || !sandbox->ready) co_return node_failure("could not find the sandbox of pod " + pod.name);
  co_return sandbox->id;
}

Task<api::Result<api::StartProcess>> NodeAgent::exec(api::NamespacedName pod, api::ExecOptions options) {
  auto search = find_running_container(std::move(pod), options.container);
  auto id = co_await asio::co_spawn(executor_, std::move(search), asio::use_awaitable);
  if (!id) co_return id.error();
  ExecConfig config;
  config.command = std::move(options.command);
  config.input = options.input;
  config.terminal = options.terminal;
  api::StartProcess start = [this, id = *id, config] { return start_exec(id, config); };
  co_return start;
}

Task<api::Result<std::unique_ptr<api::ProcessStreams>>> NodeAgent::start_exec(std::string container_id,
                                                                              ExecConfig config) {
  const auto executor = co_await asio::this_coro::executor;
  auto opening = runtime_.open_exec(container_id, std::move(config), executor);
  auto opened = co_await asio::co_spawn(executor_, std::move(opening), asio::use_awaitable);
  if (opened) co_return std::move(*opened);
  // containerd's sentence, which names an exec of no importance.
  std::string message = "failed to exec in container: failed to start exec \"" + random_hex(32) + "\": ";
  message += opened.error().message;
  if (opened.error().code == ErrorCode::kInvalid) message += ": unknown";
  co_return node_failure(message);
}

Task<api::Result<api::StartProcess>> NodeAgent::attach(api::NamespacedName pod, api::ExecOptions options) {
  auto search = find_running_container(std::move(pod), options.container);
  auto id = co_await asio::co_spawn(executor_, std::move(search), asio::use_awaitable);
  if (!id) co_return id.error();
  api::StartProcess start = [this, id = *id] { return start_attach(id); };
  co_return start;
}

Task<api::Result<std::unique_ptr<api::ProcessStreams>>> NodeAgent::start_attach(std::string container_id) {
  const auto executor = co_await asio::this_coro::executor;
  auto attaching = runtime_.attach(container_id, executor);
  auto attached = co_await asio::co_spawn(executor_, std::move(attaching), asio::use_awaitable);
  if (attached) co_return std::move(*attached);
  co_return node_failure("failed to attach in container: " + attached.error().message);
}

Task<api::Result<api::OpenPort>> NodeAgent::port_forward(api::NamespacedName pod) {
  auto search = find_ready_sandbox(std::move(pod));
  auto id = co_await asio::co_spawn(executor_, std::move(search), asio::use_awaitable);
  if (!id) co_return id.error();
  api::OpenPort open = [this, id = *id](std::uint16_t port) { return connect_port(id, port); };
  co_return open;
}

Task<api::Result<std::unique_ptr<api::DuplexStream>>> NodeAgent::connect_port(std::string sandbox_id,
                                                                              std::uint16_t port) {
  const auto executor = co_await asio::this_coro::executor;
  auto connecting = runtime_.connect(sandbox_id, port, executor);
  auto connected = co_await asio::co_spawn(executor_, std::move(connecting), asio::use_awaitable);
  if (connected) co_return std::move(*connected);
  const std::string number = std::to_string(port);
  std::string message = "error forwarding port " + number + " to pod " + sandbox_id + ", uid : ";
  message += "failed to execute portforward in network namespace: failed to connect to localhost:" + number;
  message += " inside namespace \"" + sandbox_id + "\", " + connected.error().message;
  co_return node_failure(message);
}

Task<api::Result<api::NodeUsage>> NodeAgent::usage(std::string node_name) {
  if (node_name != options_.node_name) co_return api::not_found("", "nodes", node_name);
  auto usage = co_await asio::co_spawn(executor_, meter_.measure(), asio::use_awaitable);
  co_return usage;
}

Task<std::string> NodeAgent::write_metrics() {
  std::vector<prometheus::MetricFamily> families = node_readings(options_.node_name, runtime_.snapshot());
  if (options_.metrics != nullptr) {
    for (prometheus::MetricFamily& family : options_.metrics->collect()) families.push_back(std::move(family));
  }
  co_return prometheus::TextSerializer().Serialize(families);
}

Task<api::Result<std::string>> NodeAgent::metrics(std::string node_name) {
  if (node_name != options_.node_name) co_return api::not_found("", "nodes", node_name);
  std::string text = co_await asio::co_spawn(executor_, write_metrics(), asio::use_awaitable);
  co_return text;
}

}  // namespace skiff::nodeagent
