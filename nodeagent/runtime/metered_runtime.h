#pragma once

#include "nodeagent/metrics/agent_metrics.h"
#include "nodeagent/runtime/runtime.h"

#include <utility>

namespace skiff::nodeagent {

// A runtime whose operations are counted and timed. Everything else about it is as the one behind it.
class MeteredRuntime final : public Runtime {
 public:
  // Both must outlive it.
  MeteredRuntime(Runtime& runtime, AgentMetrics& metrics);

  [[nodiscard]] std::string name() const override { return runtime_.name(); }
  [[nodiscard]] std::string version() const override { return runtime_.version(); }
  Task<Result<RuntimeSnapshot>> recover() override { return runtime_.recover(); }
  void set_exit_listener(ExitListener listener) override { runtime_.set_exit_listener(std::move(listener)); }

  Task<Result<SandboxStatus>> run_sandbox(SandboxConfig config) override;
  Task<Result<void>> stop_sandbox(std::string sandbox_id) override;
  Task<Result<void>> remove_sandbox(std::string sandbox_id) override;
  Task<Result<std::string>> create_container(std::string sandbox_id, ContainerConfig config) override;
  Task<Result<void>> start_container(std::string container_id) override;
  Task<Result<void>> stop_container(std::string container_id, std::chrono::seconds grace) override;
  Task<Result<void>> remove_container(std::string container_id) override;
  Task<Result<ExecResult>> exec(std::string container_id, std::vector<std::string> command,
                                std::chrono::seconds timeout) override;
  Task<Result<std::unique_ptr<api::ProcessStreams>>> open_exec(std::string container_id, ExecConfig config,
                                                               asio::any_io_executor executor) override;
  Task<Result<std::unique_ptr<api::ProcessStreams>>> attach(std::string container_id,
                                                            asio::any_io_executor executor) override;
  Task<Result<std::unique_ptr<api::DuplexStream>>> connect(std::string sandbox_id, std::uint16_t port,
                                                           asio::any_io_executor executor) override;

  Task<std::vector<ContainerFigures>> usage() override { return runtime_.usage(); }
  [[nodiscard]] std::string writable_layer(const std::string& container_id) const override {
    return runtime_.writable_layer(container_id);
  }
  [[nodiscard]] Result<ContainerStatus> container_status(const std::string& container_id) const override {
    return runtime_.container_status(container_id);
  }
  [[nodiscard]] Result<SandboxStatus> sandbox_status(const std::string& sandbox_id) const override {
    return runtime_.sandbox_status(sandbox_id);
  }
  [[nodiscard]] RuntimeSnapshot snapshot() const override { return runtime_.snapshot(); }
  Task<void> detach() override { return runtime_.detach(); }

 private:
  Runtime& runtime_;
  const AgentMetrics::Operation run_sandbox_;
  const AgentMetrics::Operation stop_sandbox_;
  const AgentMetrics::Operation remove_sandbox_;
  const AgentMetrics::Operation create_container_;
  const AgentMetrics::Operation start_container_;
  const AgentMetrics::Operation stop_container_;
  const AgentMetrics::Operation remove_container_;
  const AgentMetrics::Operation exec_sync_;
  const AgentMetrics::Operation exec_;
  const AgentMetrics::Operation attach_;
  const AgentMetrics::Operation port_forward_;
};

}  // namespace skiff::nodeagent
