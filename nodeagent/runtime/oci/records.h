#pragma once

#include "api/base/fd.h"
#include "nodeagent/runtime/oci/layout.h"
#include "nodeagent/runtime/runtime.h"

#include <string>
#include <vector>

// What the runtime remembers on disk about sandboxes and containers, so that the next agent can adopt them. Written in
// one step, one small JSON file each.
namespace skiff::nodeagent::oci {

// A process that can be told from a later one with the same number.
struct ProcessIdentity {
  int pid = 0;
  unsigned long long start_time = 0;  // see process_start_time()
  std::string boot_id;

  // Of a process that runs now.
  [[nodiscard]] static ProcessIdentity of(int pid);
  // A descriptor of exactly this process. kNotFound when it has ended.
  [[nodiscard]] Result<UniqueFd> open() const;
};

// The id of this boot of the machine.
[[nodiscard]] const std::string& boot_id();

//   creating --> ready --> stopped        (half made ones are removed by recover())
enum class SandboxPhase { kCreating, kReady, kStopped };

struct SandboxRecord {
  std::string id;
  SandboxConfig config;  // without its cgroup's resources, which are only asked for when it is made
  SandboxPhase phase = SandboxPhase::kCreating;
  std::string ip;
  TimePoint created_at;
  ProcessIdentity pause;
};

//   creating --> created --> starting --> running
// That it has exited is not a phase: the exit file says so, whoever was there to see it.
enum class ContainerPhase { kCreating, kCreated, kStarting, kRunning };

struct ContainerRecord {
  ContainerStatus status;  // of `state`, `exit_code` and `oom_killed` only the present life's truth; not on disk
  ContainerPhase phase = ContainerPhase::kCreating;
  std::string cgroup;       // below each hierarchy
  std::string stop_signal;  // "SIGTERM"
  bool own_pid_namespace = true;
  ProcessIdentity process;
  ProcessIdentity supervisor;
};

[[nodiscard]] Result<void> save(const Layout& layout, const SandboxRecord& record);
[[nodiscard]] Result<void> save(const Layout& layout, const ContainerRecord& record);

// All records that can be read; an unreadable one is one whose creation was cut off, and its id is in `broken`.
template <class Record>
struct Loaded {
  std::vector<Record> records;
  std::vector<std::string> broken;
};
[[nodiscard]] Loaded<SandboxRecord> load_sandboxes(const Layout& layout);
[[nodiscard]] Loaded<ContainerRecord> load_containers(const Layout& layout);

}  // namespace skiff::nodeagent::oci
