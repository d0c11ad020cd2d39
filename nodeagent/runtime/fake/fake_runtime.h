#pragma once

#include "nodeagent/runtime/runtime.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace skiff::nodeagent {

// Addresses for simulated pods, of 10.128.0.0/9, from a counter that the simulated nodes of a process share.
// Thread-safe.
class FakeAddresses {
 public:
  // 10.128.0.1 and up; with a seed from somewhere else in the network on, so that two processes whose seeds differ are
  // unlikely to give the same addresses.
  explicit FakeAddresses(const std::string& seed = "");
  [[nodiscard]] std::string next();

 private:
  std::atomic<std::uint32_t> next_;
};

// A runtime that only remembers: containers "run" until they are stopped or told to exit; one whose command is ["exit",
// "3"] ends at once with that code, as a crashing program does. For simulated nodes by the thousand (a few hundred
// bytes per container, nothing per idle container) and for tests.
//
// Concurrency: everything on the agent's executor, as runtime.h says.
// It will not: run a process, touch the disk or the network, or forget containers in detach(): a second agent on the
// same FakeRuntime finds them, as after a restart.
class FakeRuntime final : public Runtime {
 public:
  // Called before an operation is done; an error makes it fail. `operation` is "run_sandbox", "remove_sandbox",
  // "create_container", "start_container" or "remove_container", `name` the pod's or the container's name; or "exec"
  // with the program's name, or "connect" with the port.
  using Fault = std::function<std::optional<Error>(std::string_view operation, const std::string& name)>;

  struct Options {
    std::chrono::milliseconds start_delay{0};  // per container
    bool keep_configs = false;                 // for tests: see config_of()
    std::string version = "0.1.0";
  };

  // `addresses` and `clock` must outlive the runtime.
  FakeRuntime(FakeAddresses& addresses, const Clock& clock, Options options);

  // For tests: how the simulated world goes on.
  void set_fault(Fault fault) { fault_ = std::move(fault); }
  // The container's process ends by itself. It must be running.
  void exit_container(const std::string& id, int exit_code);
  // The sandbox's pause process dies, and with it its containers.
  void exit_sandbox(const std::string& id);
  // The newest container of that name, or null.
  [[nodiscard]] const ContainerStatus* find_container(const std::string& name) const;
  // What the newest container of that name was created with; options.keep_configs only.
  [[nodiscard]] const ContainerConfig* config_of(const std::string& name) const;

  [[nodiscard]] std::string name() const override { return "fake"; }
  [[nodiscard]] std::string version() const override { return options_.version; }
  Task<Result<RuntimeSnapshot>> recover() override;
  void set_exit_listener(ExitListener listener) override { listener_ = std::move(listener); }
  Task<Result<SandboxStatus>> run_sandbox(SandboxConfig config) override;
  Task<Result<void>> stop_sandbox(std::string sandbox_id) override;
  Task<Result<void>> remove_sandbox(std::string sandbox_id) override;
  Task<Result<std::string>> create_container(std::string sandbox_id, ContainerConfig config) override;
  Task<Result<void>> start_container(std::string container_id) override;
  Task<Result<void>> stop_container(std::string container_id, std::chrono::seconds grace) override;
  Task<Result<void>> remove_container(std::string container_id) override;
  Task<Result<ExecResult>> exec(std::string container_id, std::vector<std::string> command,
                                std::chrono::seconds timeout) override;
  // See FakeProcess for what it can run.
  Task<Result<std::unique_ptr<api::ProcessStreams>>> open_exec(std::string container_id, ExecConfig config,
                                                               asio::any_io_executor executor) override;
  Task<Result<std::unique_ptr<api::ProcessStreams>>> attach(std::string container_id,
                                                            asio::any_io_executor executor) override;
  Task<Result<std::unique_ptr<api::DuplexStream>>> connect(std::string sandbox_id, std::uint16_t port,
                                                           asio::any_io_executor executor) override;
  // A thousandth of a processor and a mebibyte for each.
  Task<std::vector<ContainerFigures>> usage() override;
  [[nodiscard]] std::string writable_layer(const std::string&) const override { return ""; }
  [[nodiscard]] Result<ContainerStatus> container_status(const std::string& container_id) const override;
  [[nodiscard]] Result<SandboxStatus> sandbox_status(const std::string& sandbox_id) const override;
  [[nodiscard]] RuntimeSnapshot snapshot() const override;
  Task<void> detach() override;

 private:
  void end_soon(const asio::any_io_executor& executor, const std::string& id, int exit_code);
  void end_container(ContainerStatus& status, int exit_code);
  void end_containers_of(const std::string& sandbox_id, int exit_code);
  // Whether there is such a container and it runs.
  [[nodiscard]] Result<void> check_running(const std::string& container_id) const;
  [[nodiscard]] std::optional<Error> fault(std::string_view operation, const std::string& name) const;

  FakeAddresses& addresses_;
  const Clock& clock_;
  Options options_;
  Fault fault_;
  ExitListener listener_;
  // By the ids that they carry.
  std::unordered_map<std::string_view, std::unique_ptr<SandboxStatus>> sandboxes_;
  std::unordered_map<std::string_view, std::unique_ptr<ContainerStatus>> containers_;
  std::unordered_map<std::string, ContainerConfig> configs_;  // by container id
  std::unordered_map<std::string, int> ends_with_;            // exit codes of those that end at once, by container id
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace skiff::nodeagent
