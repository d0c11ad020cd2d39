#include "nodeagent/runtime/metered_runtime.h"

namespace skiff::nodeagent {

namespace {

template <class T>
Task<Result<T>> meter(const AgentMetrics::Operation& operation, Task<Result<T>> work) {
  const auto begin = std::chrono::steady_clock::now();
  Result<T> result = co_await std::move(work);
  operation.ended(result.has_value(), std::chrono::steady_clock::now() - begin);
  co_return result;
}

}  // namespace

MeteredRuntime::MeteredRuntime(Runtime& runtime, AgentMetrics& metrics)
    : runtime_(runtime),
      run_sandbox_(metrics.operation("run_podsandbox")),
      stop_sandbox_(metrics.operation("stop_podsandbox")),
      remove_sandbox_(metrics.operation("remove_podsandbox")),
      create_container_(metrics.operation("create_container")),
      start_container_(metrics.operation("start_container")),
      stop_container_(metrics.operation("stop_container")),
      remove_container_(metrics.operation("remove_container")),
      exec_sync_(metrics.operation("exec_sync")),
      exec_(metrics.operation("exec")),
      attach_(metrics.operation("attach")),
      port_forward_(metrics.operation("port_forward")) {}

Task<Result<SandboxStatus>> MeteredRuntime::run_sandbox(SandboxConfig config) {
  return meter(run_sandbox_, runtime_.run_sandbox(std::move(config)));
}

Task<Result<void>> MeteredRuntime::stop_sandbox(std::string sandbox_id) {
  return meter(stop_sandbox_, runtime_.stop_sandbox(std::move(sandbox_id)));
}

Task<Result<void>> MeteredRuntime::remove_sandbox(std::string sandbox_id) {
  return meter(remove_sandbox_, runtime_.remove_sandbox(std::move(sandbox_id)));
}

Task<Result<std::string>> MeteredRuntime::create_container(std::string sandbox_id, ContainerConfig config) {
  return meter(create_container_, runtime_.create_container(std::move(sandbox_id), std::move(config)));
}

Task<Result<void>> MeteredRuntime::start_container(std::string container_id) {
  return meter(start_container_, runtime_.start_container(std::move(container_id)));
}

Task<Result<void>> MeteredRuntime::stop_container(std::string container_id, std::chrono::seconds grace) {
  return meter(stop_container_, runtime_.stop_container(std::move(container_id), grace));
}

Task<Result<void>> MeteredRuntime::remove_container(std::string container_id) {
  return meter(remove_container_, runtime_.remove_container(std::move(container_id)));
}

Task<Result<ExecResult>> MeteredRuntime::exec(std::string container_id, std::vector<std::string> command,
                                              std::chrono::seconds timeout) {
  return meter(exec_sync_, runtime_.exec(std::move(container_id), std::move(command), timeout));
}

Task<Result<std::unique_ptr<api::ProcessStreams>>> MeteredRuntime::open_exec(std::string container_id,
                                                                             ExecConfig config,
                                                                             asio::any_io_executor executor) {
  return meter(exec_, runtime_.open_exec(std::move(container_id), std::move(config), std::move(executor)));
}

Task<Result<std::unique_ptr<api::ProcessStreams>>> MeteredRuntime::attach(std::string container_id,
                                                                          asio::any_io_executor executor) {
  return meter(attach_, runtime_.attach(std::move(container_id), std::move(executor)));
}

Task<Result<std::unique_ptr<api::DuplexStream>>> MeteredRuntime::connect(std::string sandbox_id, std::uint16_t port,
                                                                         asio::any_io_executor executor) {
  return meter(port_forward_, runtime_.connect(std::move(sandbox_id), port, std::move(executor)));
}

}  // namespace skiff::nodeagent
