#include "nodeagent/runtime/oci/operations.h"

#include "api/base/files.h"
#include "api/base/json.h"
#include "nodeagent/first_failure.h"
#include "nodeagent/mounts.h"
#include "nodeagent/network/loopback.h"
#include "nodeagent/process.h"
#include "nodeagent/runtime/oci/helpers.h"
#include "nodeagent/runtime/oci/mounts.h"
#include "nodeagent/runtime/oci/spec.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace skiff::nodeagent::oci {

namespace {

constexpr auto kDeathTimeout = std::chrono::seconds(10);
constexpr int kKilledExitCode = 128 + SIGKILL;

// Left alone when it is right already: it may be running.
Result<void> install_program(const std::string& path, std::string_view program) {
  const auto present = read_file(path);
  if (present && *present == program) return {};
  return write_file_atomically(path, program, 0755);
}

Result<void> kill_and_wait(const ProcessIdentity& process) {
  const auto pidfd = process.open();
  if (!pidfd) return {};
  if (auto sent = send_signal(*pidfd, SIGKILL); !sent) return sent;
  if (wait_for_exit(*pidfd, kDeathTimeout)) return {};
  return Error{ErrorCode::kDeadlineExceeded, "process " + std::to_string(process.pid) + " does not end"};
}

}  // namespace

std::vector<HostPort> host_ports(const SandboxRecord& record) {
  std::vector<HostPort> ports;
  for (const auto& mapping : record.config.port_mappings) {
    if (mapping.host_port == 0) continue;
    ports.push_back({mapping.protocol == "UDP" ? "udp" : "tcp", mapping.host_ip, mapping.host_port, record.ip,
                     mapping.container_port});
  }
  return ports;
}

Operations::Operations(const OciOptions& options, Layout layout, CgroupHost cgroups, HostLimits limits,
                       OciCommand command)
    : layout_(std::move(layout)),
      cgroups_(std::move(cgroups)),
      pod_cgroups_(cgroups_, "/" + options.cgroup_root),
      limits_(std::move(limits)),
      command_(std::move(command)) {}

Result<std::unique_ptr<Operations>> Operations::open(const OciOptions& options) {
  if (::geteuid() != 0) return Error{ErrorCode::kPermissionDenied, "running containers needs root"};
  if (!options.data_directory.starts_with('/') || options.data_directory.find_first_of(",:\\") != std::string::npos) {
    return Error{ErrorCode::kInvalid, "the data directory must be an absolute path without any of , : \\"};
  }
  Layout layout(options.data_directory, boot_id());
  CgroupHost cgroups = find_cgroups();
  if (cgroups.hierarchies.empty()) return Error{ErrorCode::kNotFound, "no cgroups are mounted at /sys/fs/cgroup"};
  auto limits = find_limits();
  if (!limits) return limits.error();
  auto command = OciCommand::find(options.runtimes, cgroups, layout);
  if (!command) return command.error();
  for (const std::string& directory : {layout.state(), layout.namespaces(), layout.sandboxes(), layout.containers(),
                                       layout.pause_root() + "/dev", layout.pause_root() + "/proc"}) {
    if (auto made = make_directories(directory, 0711); !made) return made.error();
  }
  if (auto done = install_program(layout.pause_root() + "/pause", pause_program()); !done) return done.error();
  if (auto done = install_program(layout.legacy_view(), legacy_view_program()); !done) return done.error();
  if (auto done = install_program(layout.shim(), shim_program()); !done) return done.error();

  auto operations = std::unique_ptr<Operations>(
      new Operations(options, std::move(layout), std::move(cgroups), std::move(*limits), std::move(*command)));
  NetworkOptions network = options.network;
  network.data_directory = options.data_directory;
  auto opened = PodNetwork::open(std::move(network));
  if (!opened) return opened.error();
  operations->network_ = std::move(*opened);
  return operations;
}

std::string Operations::container_cgroup(const SandboxRecord& sandbox, const std::string& id) const {
  return pod_cgroups_.path_of(sandbox.config.cgroup) + "/" + id;
}

Result<void> Operations::make_sandbox(SandboxRecord& record) {
  auto built = build_sandbox(record);
  if (!built) static_cast<void>(destroy_sandbox(record));
  return built;
}

Result<void> Operations::build_sandbox(SandboxRecord& record) {
  const std::string directory = layout_.sandbox(record.id);
  if (auto made = make_directories(directory, 0711); !made) return made;
  record.phase = SandboxPhase::kCreating;
  if (auto saved = save(layout_, record); !saved) return saved;

  if (!record.config.host_network) {
    auto ip = network_->attach(record.id, layout_.network_namespace(record.id), host_ports(record));
    if (!ip) return ip.error();
    record.ip = std::move(*ip);
  }
  const std::string shared_memory = layout_.shared_memory(record.id);
  if (auto made = make_directories(shared_memory); !made) return made;
  if (auto mounted = mount_shared_memory(shared_memory); !mounted) return mounted;

  if (auto made = pod_cgroups_.make(record.config.cgroup); !made) return made;
  const SpecContext context{layout_, cgroups_, limits_};
  const Json spec = pause_spec(context, record, container_cgroup(record, record.id));
  if (auto written = write_file_atomically(directory + "/config.json", to_json_text(spec)); !written) return written;
  auto pid = command_.run_detached(record.id, directory);
  if (!pid) return pid.error();
  record.pause = ProcessIdentity::of(*pid);
  record.phase = SandboxPhase::kReady;
  return save(layout_, record);
}

Result<void> Operations::stop_sandbox(SandboxRecord& record) {
  if (record.phase == SandboxPhase::kStopped) return {};
  FirstFailure failure;
  failure.note(kill_and_wait(record.pause));
  failure.note(command_.remove(record.id));
  if (!record.config.host_network) failure.note(network_->detach(record.id, layout_.network_namespace(record.id)));
  failure.note(unmount(layout_.shared_memory(record.id)));
  auto result = failure.take();
  if (!result) return result;
  pod_cgroups_.release(record.config.cgroup);
  record.phase = SandboxPhase::kStopped;
  return save(layout_, record);
}

Result<void> Operations::remove_sandbox(SandboxRecord& record) {
  if (auto stopped = stop_sandbox(record); !stopped) return stopped;
  pod_cgroups_.remove(record.config.cgroup);
  return remove_tree(layout_.sandbox(record.id));
}

Result<void> Operations::destroy_sandbox(SandboxRecord& record) {
  const std::string cgroup = container_cgroup(record, record.id);
  return remove_abandoned(record.id, [&]() -> Result<void> {
    kill_cgroup(cgroups_, cgroup);
    FirstFailure failure;
    // The record may never have been written; then its directory is all that there is, if at all.
    if (path_exists(layout_.sandbox(record.id))) failure.note(stop_sandbox(record));
    failure.note(remove_cgroup(cgroups_, cgroup));
    auto result = failure.take();
    if (!result) return result;
    return remove_sandbox(record);
  });
}

Result<void> Operations::make_container(const SandboxRecord& sandbox, ContainerRecord& record,
                                        const ContainerConfig& config, const ProcessIdentity& target) {
  auto built = build_container(sandbox, record, config, target);
  if (!built) static_cast<void>(destroy_container(record));
  return built;
}

Result<void> Operations::build_container(const SandboxRecord& sandbox, ContainerRecord& record,
                                         const ContainerConfig& config, const ProcessIdentity& target) {
  const std::string& id = record.status.id;
  const std::string directory = layout_.container(id);
  if (auto made = make_directories(directory, 0711); !made) return made;
  record.phase = ContainerPhase::kCreating;
  record.cgroup = container_cgroup(sandbox, id);
  record.own_pid_namespace = target.pid == 0 && !sandbox.config.host_pid && !sandbox.config.share_process_namespace;
  if (auto saved = save(layout_, record); !saved) return saved;

  for (const char* name : {"/rootfs", "/upper", "/work"}) {
    if (auto made = make_directories(directory + name); !made) return made;
  }
  std::vector<std::string> layers = config.image.layer_directories;
  if (layers.empty()) {  // "FROM scratch" alone; overlayfs wants at least one
    layers.push_back(directory + "/empty");
    if (auto made = make_directories(layers[0]); !made) return made;
  }
  if (auto mounted = mount_overlay(layers, layout_.writable_layer(id), directory + "/work", directory + "/rootfs");
      !mounted) {
    return mounted;
  }
  const SpecContext context{layout_, cgroups_, limits_};
  const Json spec = container_spec(context, sandbox, record, config, target.pid);
  if (auto written = write_file_atomically(directory + "/config.json", to_json_text(spec)); !written) return written;
  const std::string log_directory = std::filesystem::path(config.log_path).parent_path().string();
  if (auto made = make_directories(log_directory); !made) return made;

  const SupervisedOptions supervised{id, directory, config.log_path, config.stdin_open, config.stdin_once, config.tty};
  auto process = command_.create(supervised);
  if (!process) return process.error();
  // Only now is it certain that the number named no other process meanwhile.
  if (target.pid != 0 && !target.open()) return Error{ErrorCode::kUnavailable, "the target container has ended"};
  record.process = ProcessIdentity::of(process->pid);
  record.supervisor = ProcessIdentity::of(process->supervisor_pid);
  record.status.pid = process->pid;
  record.phase = ContainerPhase::kCreated;
  return save(layout_, record);
}

Result<void> Operations::start_container(ContainerRecord& record) {
  record.phase = ContainerPhase::kStarting;
  if (auto saved = save(layout_, record); !saved) return saved;
  if (auto started = command_.start(record.status.id); !started) return started;
  record.phase = ContainerPhase::kRunning;
  return save(layout_, record);
}

void Operations::finish_container(ContainerRecord& record) {
  const std::string& id = record.status.id;
  if (!record.own_pid_namespace) kill_cgroup(cgroups_, record.cgroup);  // what the first process left behind
  const std::string exit_file = layout_.exit_file(id);
  auto text = read_file(exit_file);
  if (!text) {
    static_cast<void>(kill_and_wait(record.process));
    static_cast<void>(write_file_atomically(exit_file, std::to_string(kKilledExitCode)));
    text = read_file(exit_file);
  }
  ContainerStatus& status = record.status;
  status.state = ContainerState::kExited;
  status.exit_code = kKilledExitCode;
  status.pid = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), status.exit_code);
  status.oom_killed = read_oom_kills(cgroups_, record.cgroup).value_or(0) > 0;
  struct stat file {};
  status.finished_at = std::chrono::system_clock::now();
  if (::stat(exit_file.c_str(), &file) == 0) {
    const auto since_epoch = std::chrono::seconds(file.st_mtim.tv_sec) + std::chrono::nanoseconds(file.st_mtim.tv_nsec);
    // The kernel stamps files with the time of its last tick, which may lie before the start.
    status.finished_at =
        std::max(status.started_at, TimePoint(std::chrono::duration_cast<TimePoint::duration>(since_epoch)));
  }
}

Result<void> Operations::signal_container(const ContainerRecord& record, int signal_number) {
  const auto pidfd = record.process.open();
  if (!pidfd) return {};  // it has ended; its supervisor will say so
  return send_signal(*pidfd, signal_number);
}

Result<void> Operations::remove_container(const ContainerRecord& record) {
  FirstFailure failure;
  failure.note(kill_and_wait(record.process));
  failure.note(command_.remove(record.status.id));
  failure.note(unmount(layout_.container(record.status.id) + "/rootfs"));
  auto result = failure.take();
  if (!result) return result;
  return remove_tree(layout_.container(record.status.id));
}

Result<void> Operations::destroy_container(const ContainerRecord& record) {
  return remove_abandoned(record.status.id, [&]() -> Result<void> {
    if (!record.cgroup.empty()) {
      kill_cgroup(cgroups_, record.cgroup);
      if (auto removed = command_.remove(record.status.id); !removed) return removed;
      if (auto removed = remove_cgroup(cgroups_, record.cgroup); !removed) return removed;
    }
    return remove_container(record);
  });
}

Result<ExecutedProcess> Operations::start_exec(const std::string& container_id, const ExecConfig& config) {
  return command_.start_exec(container_id, config);
}

Result<AttachedContainer> Operations::attach(const std::string& container_id) {
  return open_attach(layout_.container(container_id));
}

Result<void> Operations::reopen_log(const std::string& container_id) {
  constexpr std::string_view kReopen = "2 0 0\n";
  const std::string path = layout_.container(container_id) + "/ctl";
  const UniqueFd control(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  if (!control || ::write(control.get(), kReopen.data(), kReopen.size()) < 0) return errno_error("write to " + path);
  return {};
}

Result<UniqueFd> Operations::connect(const SandboxRecord& sandbox, std::uint16_t port) {
  if (sandbox.config.host_network) return connect_to_loopback("", port);
  return connect_to_loopback(layout_.network_namespace(sandbox.id), port);
}

}  // namespace skiff::nodeagent::oci
