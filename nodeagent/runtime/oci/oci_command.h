#pragma once

#include "nodeagent/runtime/oci/exec_streams.h"
#include "nodeagent/runtime/oci/host.h"
#include "nodeagent/runtime/oci/layout.h"
#include "nodeagent/runtime/runtime.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace skiff::nodeagent::oci {

struct SupervisedOptions {
  std::string id;
  std::string bundle;    // directory with config.json; the shim's files go there too
  std::string log_path;  // its directory exists
  bool stdin_open = false;
  bool stdin_once = false;
  bool tty = false;
};

struct SupervisedProcess {
  int pid = 0;             // the container's first process
  int supervisor_pid = 0;  // the shim's
};

// The programs that do the work: an OCI runtime (crun or runc, by the same command line) and our shim, which starts a
// container through it, keeps its output in the CRI log format, writes its exit code to a file and outlives us. Every
// function blocks and is thread-safe.
class OciCommand {
 public:
  // kNotFound names the Debian package to install.
  [[nodiscard]] static Result<OciCommand> find(const std::vector<std::string>& runtimes, const CgroupHost& cgroups,
                                               const Layout& layout);

  // Runs a container without a supervisor; its pid. It is adopted by the agent (a child subreaper) or by init.
  [[nodiscard]] Result<int> run_detached(const std::string& id, const std::string& bundle) const;
  // Makes a container under a shim, which has been installed where the layout says. It waits for start().
  [[nodiscard]] Result<SupervisedProcess> create(const SupervisedOptions& options) const;
  [[nodiscard]] Result<void> start(const std::string& id) const;
  // "created", "running", "stopped". kNotFound.
  [[nodiscard]] Result<std::string> state(const std::string& id) const;
  // Takes the cgroup and the runtime's state away; kills what runs. Idempotent.
  [[nodiscard]] Result<void> remove(const std::string& id) const;
  // Starts a command in a running container, in the background of the runtime, which has ended when this returns.
  // kInvalid when it cannot be started, with containerd's message.
  [[nodiscard]] Result<ExecutedProcess> start_exec(const std::string& id, const ExecConfig& config) const;

 private:
  OciCommand(std::vector<std::string> runtime, const Layout& layout) : runtime_(std::move(runtime)), layout_(layout) {}
  [[nodiscard]] std::vector<std::string> with(std::vector<std::string> arguments) const;

  std::vector<std::string> runtime_;  // program and global options
  Layout layout_;
};

// The environment that all these programs get.
[[nodiscard]] std::vector<std::string> program_environment();
// The number in a --pid-file.
[[nodiscard]] Result<int> read_pid(const std::string& path);

// Kills shim and runtime processes that work on this id, which a killed agent may have left at work. Whether there
// were any. One that just forks or executes its program can be missed.
bool kill_processes_of(const std::string& id);

// Removes what such processes work on, with `remove`, and again until they are gone for good: one that was missed fails
// when it finds nothing left to work on, or shows up. Bounded in attempts; the last error of `remove`.
[[nodiscard]] Result<void> remove_abandoned(const std::string& id, const std::function<Result<void>()>& remove);

}  // namespace skiff::nodeagent::oci
