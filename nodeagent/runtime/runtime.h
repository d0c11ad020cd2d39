#pragma once

#include "api/base/clock.h"
#include "api/base/result.h"
#include "api/base/task.h"
#include "api/streams.h"
#include "nodeagent/images/image.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The shim's interface: how the node agent has pods and containers made, without knowing how. Its verbs are those of
// the CRI, so that a CRI client can stand behind it later. Implementations: oci/ (real containers), fake/ (simulated
// ones).
namespace skiff::nodeagent {

// A sandbox's identity: one pod may have had several sandboxes (attempts) in its life.
struct SandboxKey {
  std::string pod_uid;
  std::string pod_namespace;
  std::string pod_name;
  std::uint32_t attempt = 0;
};

// What a container, or the containers of a pod together, may use; 0 = no limit (or the kernel's default).
struct Resources {
  std::int64_t cpu_shares = 0;    // cgroup v1 units, 1024 = one core's share
  std::int64_t cpu_quota_us = 0;  // per cpu_period_us
  std::int64_t cpu_period_us = 100000;
  std::int64_t memory_limit_bytes = 0;
  std::int64_t pids_limit = 0;
};

// Where a pod's containers have their cgroups, and what these may use together.
struct PodCgroup {
  std::string path;  // below the agent's root: "burstable/pod<uid>", see nodeagent/pods/qos
  Resources resources;
  // The shares of the cgroup between the root and the pod's, if there is one; 0: those of all pods in it together.
  std::int64_t class_cpu_shares = 0;
};

struct SandboxConfig {
  SandboxKey key;
  std::string hostname;
  std::string log_directory;  // absolute; exists before run_sandbox()
  PodCgroup cgroup;
  bool host_network = false;
  bool host_pid = false;
  bool host_ipc = false;
  bool share_process_namespace = false;
  std::map<std::string, std::string> sysctls;
  struct PortMapping {
    std::string protocol;  // "TCP", "UDP"
    std::uint16_t container_port = 0;
    std::uint16_t host_port = 0;
    std::string host_ip;
  };
  std::vector<PortMapping> port_mappings;
};

struct SandboxStatus {
  std::string id;
  SandboxKey key;
  bool ready = false;  // the pause process lives and the network is up
  std::string ip;      // empty with host_network
  TimePoint created_at;
};

struct Mount {
  std::string host_path;
  std::string container_path;
  bool read_only = false;
};

struct SecurityConfig {
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  std::vector<std::int64_t> supplemental_groups;
  bool privileged = false;
  bool read_only_root = false;
  bool no_new_privileges = false;
  std::vector<std::string> add_capabilities;  // without "CAP_"; "ALL"
  std::vector<std::string> drop_capabilities;
  bool seccomp_default = false;  // RuntimeDefault instead of Unconfined
};

struct ContainerConfig {
  std::string name;
  std::uint32_t attempt = 0;  // restart count
  Image image;
  std::string image_reference;                                   // as the pod names it
  std::vector<std::string> arguments;                            // entrypoint and command, resolved: the process to run
  std::vector<std::pair<std::string, std::string>> environment;  // complete: PATH, HOSTNAME and the image's are in it
  std::string working_directory;                                 // "/" when empty
  std::vector<Mount> mounts;
  std::string log_path;  // absolute; CRI log format
  Resources resources;
  int oom_score_adj = 0;  // its place in the order of OOM kills
  SecurityConfig security;
  bool stdin_open = false;
  bool stdin_once = false;
  bool tty = false;
  // A running container of the same sandbox whose processes it sees, instead of only its own.
  std::string target_container_id;
};

enum class ContainerState { kCreated, kRunning, kExited, kUnknown };

struct ContainerStatus {
  std::string id;  // 64 hexadecimal digits, without a scheme
  std::string sandbox_id;
  std::string name;
  std::uint32_t attempt = 0;
  ContainerState state = ContainerState::kUnknown;
  TimePoint created_at;
  TimePoint started_at;
  TimePoint finished_at;
  int exit_code = 0;  // 128 + signal when killed by one
  bool oom_killed = false;
  std::string image_reference;
  std::string image_id;  // as in status.containerStatuses.imageID
  std::string log_path;
  int pid = 0;  // while running
};

// What a container has used.
struct ContainerFigures {
  std::string id;
  std::int64_t cpu_nanoseconds = 0;  // since it started
  std::int64_t memory_bytes = 0;     // at present: its working set
  std::int64_t processes = 0;        // at present
};

// Everything that exists, as the runtime finds it.
struct RuntimeSnapshot {
  std::vector<SandboxStatus> sandboxes;
  std::vector<ContainerStatus> containers;
};

struct ExecResult {
  int exit_code = 0;   // 128 + signal when killed by one
  std::string output;  // stdout and stderr together, at most 16 KiB
};

// A command that a client talks to.
struct ExecConfig {
  std::vector<std::string> command;
  bool input = false;         // else its stdin is empty
  bool terminal = false;      // stdout and stderr are one, and it has a size
  bool merge_output = false;  // stderr goes where stdout goes
};

// All calls are made on, and resume on, the agent's executor; what blocks happens elsewhere. Calls for one sandbox come
// one after the other. Every call is bounded in time. Ids are the runtime's own.
class Runtime {
 public:
  virtual ~Runtime() = default;

  // "skiff://" for containerID; name and version for node.status.nodeInfo.containerRuntimeVersion ("skiff://0.1.0").
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::string version() const = 0;

  // First of all: finds what earlier agents started, adopts what lives, notes what exited meanwhile, and removes the
  // remains of what was half made. Nothing that runs is disturbed.
  virtual Task<Result<RuntimeSnapshot>> recover() = 0;

  // Called on the agent's executor whenever a container or a sandbox's pause process has exited. Set before recover().
  using ExitListener = std::function<void(const SandboxKey& pod, const std::string& id)>;
  virtual void set_exit_listener(ExitListener listener) = 0;

  // Namespaces, network and the pause container. On failure nothing is left behind.
  virtual Task<Result<SandboxStatus>> run_sandbox(SandboxConfig config) = 0;
  // Kills what still runs in it and takes the network down; the status stays known (not ready). Idempotent.
  virtual Task<Result<void>> stop_sandbox(std::string sandbox_id) = 0;
  // Removes a stopped sandbox with all its containers. Idempotent.
  virtual Task<Result<void>> remove_sandbox(std::string sandbox_id) = 0;

  // Root file system and configuration; the id of a container in state kCreated.
  virtual Task<Result<std::string>> create_container(std::string sandbox_id, ContainerConfig config) = 0;
  virtual Task<Result<void>> start_container(std::string container_id) = 0;
  // SIGTERM (or the image's stop signal), then SIGKILL after `grace`. Returns when it has exited. Idempotent.
  virtual Task<Result<void>> stop_container(std::string container_id, std::chrono::seconds grace) = 0;
  virtual Task<Result<void>> remove_container(std::string container_id) = 0;
  // Runs a command in a running container and waits for it; stdin is empty. What the command says is in the result,
  // whatever its exit code. Errors: kNotFound, there is no such container; kUnavailable, it is not running;
  // kDeadlineExceeded, the command took longer than `timeout` and was killed; kInvalid, it could not be started (in
  // the words of containerd: 'exec: "x": executable file not found in $PATH').
  virtual Task<Result<ExecResult>> exec(std::string container_id, std::vector<std::string> command,
                                        std::chrono::seconds timeout) = 0;
  // Starts a command in a running container and hands over its ends, which live on `executor` and may outlive the
  // runtime. Errors as exec().
  virtual Task<Result<std::unique_ptr<api::ProcessStreams>>> open_exec(std::string container_id, ExecConfig config,
                                                                       asio::any_io_executor executor) = 0;
  // The ends of a running container's own process, from now on. Errors: kNotFound, kUnavailable.
  virtual Task<Result<std::unique_ptr<api::ProcessStreams>>> attach(std::string container_id,
                                                                    asio::any_io_executor executor) = 0;
  // A connection to a TCP port on the loopback address inside of a sandbox. Errors: kNotFound, there is no such
  // sandbox; kUnavailable, nobody answers there.
  virtual Task<Result<std::unique_ptr<api::DuplexStream>>> connect(std::string sandbox_id, std::uint16_t port,
                                                                   asio::any_io_executor executor) = 0;

  // Of the containers that run.
  virtual Task<std::vector<ContainerFigures>> usage() = 0;
  // The host's directory with what a container has written over its image, as long as it exists; "" when there is none.
  [[nodiscard]] virtual std::string writable_layer(const std::string& container_id) const = 0;

  // The present state, from memory. kNotFound.
  [[nodiscard]] virtual Result<ContainerStatus> container_status(const std::string& container_id) const = 0;
  [[nodiscard]] virtual Result<SandboxStatus> sandbox_status(const std::string& sandbox_id) const = 0;
  [[nodiscard]] virtual RuntimeSnapshot snapshot() const = 0;

  // Lets go of everything without stopping it: containers live on, and the next agent's recover() finds them.
  virtual Task<void> detach() = 0;
};

}  // namespace skiff::nodeagent
