#pragma once

#include "api/base/fd.h"
#include "api/base/result.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Child processes. Every program that the agent calls goes through here. All functions block and are thread-safe; call
// them on a pool thread.
namespace skiff::nodeagent {

struct ProcessOptions {
  std::vector<std::string> arguments;    // the first is the program's absolute path
  std::vector<std::string> environment;  // "NAME=value"; nothing is inherited
  std::string working_directory;         // ours when empty
  std::string input;                     // for its stdin; /dev/null when empty. At most a pipe's 64 KiB.
  // (ours, its number); all others are closed in the child. Those of 0 to 2 take the place of what is said of its
  // stdin, stdout and stderr otherwise.
  std::vector<std::pair<int, int>> descriptors;
  std::chrono::milliseconds timeout{10000};
  std::size_t output_limit = 16 * 1024;  // of each stream; what is more is read and dropped
  bool merge_output = false;             // stderr goes where stdout goes
  std::function<void()> before_kill;     // called once when the time is over, a second before the child is killed
};

struct ProcessResult {
  int exit_code = 0;  // 128 + signal when killed by one
  std::string output;
  std::string error_output;

  // The first line that it said on stderr, for error messages.
  [[nodiscard]] std::string first_error_line() const;
};

// A child that runs. Its own process group (a Ctrl-C in our terminal is not for it), default signal handlers, no
// descriptors of ours. Destroying it kills it.
class Process {
 public:
  // kNotFound when the program does not exist.
  [[nodiscard]] static Result<Process> spawn(const ProcessOptions& options);
  Process(Process&&) noexcept = default;
  Process& operator=(Process&&) = delete;
  ~Process();

  // Waits until the process itself has ended (not until its children have closed our pipes), reading its output
  // meanwhile. kDeadlineExceeded when it had to be killed.
  [[nodiscard]] Result<ProcessResult> wait(const ProcessOptions& options);

 private:
  Process(int pid, UniqueFd pidfd, UniqueFd output, UniqueFd error_output)
      : pid_(pid), pidfd_(std::move(pidfd)), output_(std::move(output)), error_output_(std::move(error_output)) {}

  int pid_;
  UniqueFd pidfd_;  // none once the process is reaped
  UniqueFd output_;
  UniqueFd error_output_;
};

// spawn() and wait().
[[nodiscard]] Result<ProcessResult> run_process(const ProcessOptions& options);

// As run_process(), but an exit code other than 0 is an error too, with what the program said.
[[nodiscard]] Result<ProcessResult> run_successfully(const ProcessOptions& options);

// Reaps ended children that spawn() did not start and nobody adopted: processes that we were given as a child
// subreaper, when their own parent ended. To be called on SIGCHLD. Does not wait.
void reap_orphans();

// While one exists, no orphan is reaped: whoever has a program start a process in the background can adopt that before
// its exit status is lost.
class ReapingPause {
 public:
  ReapingPause();
  ~ReapingPause();
  ReapingPause(const ReapingPause&) = delete;
  ReapingPause& operator=(const ReapingPause&) = delete;
};

// An orphan whose exit status somebody wants. Destroying it kills the process, with its process group, if it still
// runs. Not thread-safe.
class AdoptedProcess {
 public:
  // `pause` has existed since before the process began. kNotFound when it is not our child.
  [[nodiscard]] static Result<AdoptedProcess> adopt(const ReapingPause& pause, int pid);
  AdoptedProcess() = default;  // none
  AdoptedProcess(AdoptedProcess&&) noexcept = default;
  AdoptedProcess& operator=(AdoptedProcess&&) = delete;
  ~AdoptedProcess();

  // Readable when the process has ended.
  [[nodiscard]] const UniqueFd& pidfd() const { return pidfd_; }
  // 128 + signal when killed by one; nothing while it runs. Reaps it.
  [[nodiscard]] std::optional<int> exit_code();

 private:
  AdoptedProcess(int pid, int group, UniqueFd pidfd) : pid_(pid), group_(group), pidfd_(std::move(pidfd)) {}

  int pid_ = 0;
  int group_ = 0;
  UniqueFd pidfd_;
  std::optional<int> exit_code_;
};

// The absolute path of a program in the system's usual directories (PATH first), or nothing (empty).
[[nodiscard]] std::string find_program(std::string_view name);

// Field 22 of /proc/PID/stat: clock ticks between boot and the start of the process; 0 when there is no such process or
// it is a zombie. With the boot id it tells whether a pid still means the process that it meant once.
[[nodiscard]] unsigned long long process_start_time(int pid);

// pidfd_open(2). kNotFound when there is no such process.
[[nodiscard]] Result<UniqueFd> open_pidfd(int pid);

// pidfd_send_signal(2). A process that has ended already is success.
[[nodiscard]] Result<void> send_signal(const UniqueFd& pidfd, int signal_number);

// True when the process behind the pidfd ended within `timeout`.
[[nodiscard]] bool wait_for_exit(const UniqueFd& pidfd, std::chrono::milliseconds timeout);

// The exit status of a finished child as shells count it: 128 + signal when killed by one.
[[nodiscard]] int shell_exit_code(int wait_status);

}  // namespace skiff::nodeagent
