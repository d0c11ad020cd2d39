#pragma once

#include "nodeagent/network/pod_network.h"
#include "nodeagent/runtime/oci/attach_streams.h"
#include "nodeagent/runtime/oci/cgroup_usage.h"
#include "nodeagent/runtime/oci/host.h"
#include "nodeagent/runtime/oci/layout.h"
#include "nodeagent/runtime/oci/oci_command.h"
#include "nodeagent/runtime/oci/options.h"
#include "nodeagent/runtime/oci/pod_cgroups.h"
#include "nodeagent/runtime/oci/records.h"

#include <memory>
#include <string>
#include <vector>

namespace skiff::nodeagent::oci {

// What earlier agents left, after the half-made has been removed as far as possible.
struct Found {
  std::vector<SandboxRecord> sandboxes;
  std::vector<ContainerRecord> containers;   // with their state, exit code and times
  std::vector<std::string> stuck_sandboxes;  // half-made, and could not be removed: they may hold an address
};

[[nodiscard]] std::vector<HostPort> host_ports(const SandboxRecord& record);

// The steps that sandboxes and containers are made and taken down by: mounts, namespaces, cgroups, processes, records.
// All block, and run on pool threads, several at a time for different sandboxes. They know of each other only what is
// in the records that they are given and that they bring up to date.
class Operations {
 public:
  // Prepares directories, helper programs and the bridge. kNotFound names missing Debian packages; kPermissionDenied
  // when not root.
  [[nodiscard]] static Result<std::unique_ptr<Operations>> open(const OciOptions& options);

  // One thing that resists is no failure. kUnavailable and others: the network cannot be recovered.
  [[nodiscard]] Result<Found> recover();

  // `record` holds id and configuration. On failure nothing is left.
  [[nodiscard]] Result<void> make_sandbox(SandboxRecord& record);
  // The sandbox's containers have ended. Tries every step, and tells the first failure.
  [[nodiscard]] Result<void> stop_sandbox(SandboxRecord& record);
  // Also stops it. Its containers have been removed.
  [[nodiscard]] Result<void> remove_sandbox(SandboxRecord& record);

  // `record` holds everything but processes and phase. `target`: the process whose PID namespace it joins; none: its
  // own or the sandbox's. On failure nothing is left.
  [[nodiscard]] Result<void> make_container(const SandboxRecord& sandbox, ContainerRecord& record,
                                            const ContainerConfig& config, const ProcessIdentity& target);
  [[nodiscard]] Result<void> start_container(ContainerRecord& record);
  // After its supervisor has ended: how and when did it end? When the supervisor was killed, the container is too.
  void finish_container(ContainerRecord& record);
  [[nodiscard]] Result<void> signal_container(const ContainerRecord& record, int signal_number);
  [[nodiscard]] Result<void> remove_container(const ContainerRecord& record);
  [[nodiscard]] Result<ExecutedProcess> start_exec(const std::string& container_id, const ExecConfig& config);
  // Connected to the container's supervisor, which passes on what the process says and is told.
  [[nodiscard]] Result<AttachedContainer> attach(const std::string& container_id);
  // Tells its supervisor to go on in a new log file.
  [[nodiscard]] Result<void> reopen_log(const std::string& container_id);
  [[nodiscard]] std::optional<CgroupUsage> cgroup_usage(const std::string& cgroup) const {
    return read_cgroup_usage(cgroups_, cgroup);
  }
  [[nodiscard]] std::string writable_layer(const std::string& container_id) const {
    return layout_.writable_layer(container_id);
  }
  // A socket connected to the port on the loopback address inside of the sandbox.
  [[nodiscard]] Result<UniqueFd> connect(const SandboxRecord& sandbox, std::uint16_t port);

 private:
  Operations(const OciOptions& options, Layout layout, CgroupHost cgroups, HostLimits limits, OciCommand command);
  [[nodiscard]] Result<void> build_sandbox(SandboxRecord& record);
  [[nodiscard]] Result<void> build_container(const SandboxRecord& sandbox, ContainerRecord& record,
                                             const ContainerConfig& config, const ProcessIdentity& target);
  [[nodiscard]] std::string container_cgroup(const SandboxRecord& sandbox, const std::string& id) const;
  // Removes whatever there is of something half made.
  [[nodiscard]] Result<void> destroy_sandbox(SandboxRecord& record);
  [[nodiscard]] Result<void> destroy_container(const ContainerRecord& record);
  void recover_sandboxes(Found& found);
  void recover_containers(Found& found);
  // False when it never started, as far as can be known.
  [[nodiscard]] bool adopt_container(ContainerRecord& record);

  const Layout layout_;
  const CgroupHost cgroups_;
  PodCgroups pod_cgroups_;
  const HostLimits limits_;
  const OciCommand command_;
  std::unique_ptr<PodNetwork> network_;
};

}  // namespace skiff::nodeagent::oci
