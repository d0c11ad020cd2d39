#pragma once

#include "api/base/task.h"
#include "nodeagent/runtime/oci/log_rotator.h"
#include "nodeagent/runtime/oci/operations.h"
#include "nodeagent/runtime/oci/options.h"
#include "nodeagent/runtime/oci/process_watch.h"
#include "nodeagent/runtime/runtime.h"

#include <boost/asio/signal_set.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace skiff::nodeagent {

// Real containers: crun (or runc) under a shim, overlayfs root file systems, an own pod network.
//
// Operation: this class holds what is known of sandboxes and containers, and says when something ends; oci::Operations
// does the work on the thread pool. An end is seen through the pidfd of the process that matters: a sandbox's pause
// process, a container's shim, which has written the exit code by then. No process of a container is a child that
// dies with the agent.
//
// Concurrency: everything on the executor of the options. Calls for one sandbox come one after the other; a
// stop_container() may come while another waits out its grace period.
//
// It does not: pull images, make volumes, write /etc/hosts (they come as mounts), restart anything, or look at what
// other programs run under crun.
class OciRuntime final : public Runtime {
 public:
  // Blocks (some 10 ms). Makes the process a child subreaper. kNotFound: one line that names the Debian packages to
  // install; kPermissionDenied: not root; kAlreadyExists: the bridge is somebody else's.
  [[nodiscard]] static Result<std::unique_ptr<OciRuntime>> open(OciOptions options);
  ~OciRuntime() override;

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] std::string version() const override;
  Task<Result<RuntimeSnapshot>> recover() override;
  void set_exit_listener(ExitListener listener) override;
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
  Task<std::vector<ContainerFigures>> usage() override;
  [[nodiscard]] std::string writable_layer(const std::string& container_id) const override;
  [[nodiscard]] Result<ContainerStatus> container_status(const std::string& container_id) const override;
  [[nodiscard]] Result<SandboxStatus> sandbox_status(const std::string& sandbox_id) const override;
  [[nodiscard]] RuntimeSnapshot snapshot() const override;
  Task<void> detach() override;

 private:
  struct Sandbox;
  struct Container;

  OciRuntime(OciOptions options, std::unique_ptr<oci::Operations> operations);
  [[nodiscard]] std::shared_ptr<Sandbox> find_sandbox(const std::string& id) const;
  [[nodiscard]] std::shared_ptr<Container> find_container(const std::string& id) const;
  [[nodiscard]] std::vector<std::shared_ptr<Container>> containers_of(const std::string& sandbox_id) const;
  // Whether there is such a container and it runs.
  [[nodiscard]] Result<void> check_running(const std::string& container_id) const;
  void reap_orphans_on_signals();
  void watch_sandbox(const std::shared_ptr<Sandbox>& sandbox);
  void watch_container(const std::shared_ptr<Container>& container);
  void follow_log(const Container& container);
  Task<void> finish(std::shared_ptr<Container> container);
  // True when it has ended by then.
  Task<bool> wait_for_exit(std::shared_ptr<Container> container, std::chrono::steady_clock::time_point deadline);
  Task<Result<void>> kill(std::shared_ptr<Container> container);
  Task<Result<void>> remove(std::shared_ptr<Container> container);

  const OciOptions options_;
  const std::unique_ptr<oci::Operations> operations_;
  ExitListener exit_listener_;
  std::map<std::string, std::shared_ptr<Sandbox>> sandboxes_;
  std::map<std::string, std::shared_ptr<Container>> containers_;
  oci::LogRotator logs_;
  TaskGroup tasks_;
  bool detached_ = false;
  asio::signal_set child_signals_;
};

// Removes everything that skiff left on the machine for this data directory: containers, sandboxes, mounts, network,
// cgroups and the runtime's files. Blocks. The agent must not be running. Needs none of the installed programs; a
// missing one only means that there is nothing of it to undo.
[[nodiscard]] Result<void> clean(const OciOptions& options);

}  // namespace skiff::nodeagent
