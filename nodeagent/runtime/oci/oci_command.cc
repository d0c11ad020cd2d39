#include "nodeagent/runtime/oci/oci_command.h"

#include "api/base/files.h"
#include "api/base/json.h"
#include "nodeagent/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <thread>

namespace skiff::nodeagent::oci {

namespace {

constexpr auto kCreateTimeout = std::chrono::seconds(30);
constexpr auto kCommandTimeout = std::chrono::seconds(15);
constexpr int kSyncDescriptor = 3;
constexpr int kStartDescriptor = 4;

const std::string kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// crun begins its messages with a time: "2026-11-22T15:00:00.123456Z: executable file not found".
std::string without_time(std::string message) {
  while (!message.empty() && message.back() == '\n') message.pop_back();
  const std::size_t colon = message.find("Z: ");
  if (colon != std::string::npos && colon < 40 && message.find('T') == 10) message.erase(0, colon + 3);
  return message;
}

Result<ProcessResult> run_runtime(const ProcessOptions& options, std::string_view what) {
  auto result = run_process(options);
  if (!result) return result.error().wrap(what);
  if (result->exit_code != 0) {
    return Error{ErrorCode::kInternal, std::string(what) + ": " + without_time(result->first_error_line())};
  }
  return result;
}

// conmon's one line: {"data": PID}, or {"data": -1, "message": "what the runtime said"}.
Result<int> read_report(const UniqueFd& pipe) {
  std::string text;
  const auto deadline = std::chrono::steady_clock::now() + kCreateTimeout;
  while (text.find('\n') == std::string::npos) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd fd{pipe.get(), POLLIN, 0};
    const int ready = left.count() > 0 ? ::poll(&fd, 1, static_cast<int>(left.count())) : 0;
    if (ready == 0) return Error{ErrorCode::kDeadlineExceeded, "conmon made no container in time"};
    std::array<char, 4096> buffer;
    const ssize_t count = ::read(pipe.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  const auto report = parse_json(text);
  if (!report) return Error{ErrorCode::kInternal, "conmon ended without a report"};
  const int pid = static_cast<int>(integer_at(report->value, {"data"}, -1));
  if (pid <= 0)
    return Error{ErrorCode::kInternal, without_time(string_at(report->value, {"message"}, "conmon failed"))};
  return pid;
}

}  // namespace

std::vector<std::string> program_environment() { return {kPath}; }

Result<int> read_pid(const std::string& path) {
  auto text = read_file(path);
  if (!text) return text.error();
  int pid = 0;
  std::from_chars(text->data(), text->data() + text->size(), pid);
  if (pid <= 0) return Error{ErrorCode::kInternal, path + " holds no process id"};
  return pid;
}

Result<OciCommand> OciCommand::find(const std::vector<std::string>& runtimes, const CgroupHost& cgroups,
                                    const Layout& layout) {
  std::vector<std::string> runtime;
  for (const std::string& name : runtimes) {
    const std::string path = find_program(name);
    if (path.empty()) continue;
    if (cgroups.hybrid && name == "crun") runtime.push_back(layout.legacy_view());
    runtime.push_back(path);
    runtime.push_back("--root=" + layout.state());
    break;
  }
  const std::string conmon = find_program("conmon");
  if (runtime.empty() || conmon.empty()) {
    const std::string missing = runtime.empty() ? "no OCI runtime (crun or runc)" : "no conmon";
    return Error{ErrorCode::kNotFound, missing + " is installed: install Debian's packages crun and conmon"};
  }
  return OciCommand(std::move(runtime), conmon, layout);
}

std::vector<std::string> OciCommand::with(std::vector<std::string> arguments) const {
  std::vector<std::string> all = runtime_;
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

Result<int> OciCommand::run_detached(const std::string& id, const std::string& bundle) const {
  const std::string pid_file = bundle + "/pid";
  ProcessOptions process;
  process.arguments = with({"run", "--detach", "--bundle", bundle, "--pid-file", pid_file, id});
  process.environment = program_environment();
  process.timeout = kCreateTimeout;
  auto run = run_runtime(process, "run the pause container");
  if (!run) return run.error();
  return read_pid(pid_file);
}

Result<SupervisedProcess> OciCommand::create(const SupervisedOptions& options) const {
  std::array<int, 2> sync{};
  std::array<int, 2> start{};
  if (::pipe2(sync.data(), O_CLOEXEC) != 0) return errno_error("pipe");
  UniqueFd sync_read(sync[0]);
  UniqueFd sync_write(sync[1]);
  if (::pipe2(start.data(), O_CLOEXEC) != 0) return errno_error("pipe");
  UniqueFd start_read(start[0]);
  UniqueFd start_write(start[1]);

  const std::string supervisor_pid_file = options.bundle + "/conmon-pid";
  ProcessOptions process;
  process.arguments = {conmon_, "--api-version", "1", "-c", options.id, "-u", options.id, "-n", options.name};
  const auto add = [&process](std::vector<std::string> arguments) {
    process.arguments.insert(process.arguments.end(), arguments.begin(), arguments.end());
  };
  add({"-r", runtime_[0]});
  for (std::size_t i = 1; i < runtime_.size(); ++i) add({"--runtime-arg", runtime_[i]});
  add({"-b", options.bundle, "-p", options.bundle + "/pid", "-P", supervisor_pid_file});
  add({"--exit-dir", options.bundle, "--persist-dir", options.bundle, "--full-attach", "--no-sync-log"});
  add({"-l", "k8s-file:" + options.log_path});
  if (options.stdin_open) add({"-i"});
  if (options.stdin_open && !options.stdin_once) add({"--leave-stdin-open"});
  if (options.tty) add({"-t"});
  process.environment = {kPath, "_OCI_SYNCPIPE=" + std::to_string(kSyncDescriptor),
                         "_OCI_STARTPIPE=" + std::to_string(kStartDescriptor)};
  process.descriptors = {{sync_write.get(), kSyncDescriptor}, {start_read.get(), kStartDescriptor}};
  // conmon notes an "oom" in its working directory as well as in the --persist-dir.
  process.working_directory = options.bundle;
  process.timeout = kCreateTimeout;

  // conmon waits for a byte before it forks; it may be in the pipe already.
  if (::write(start_write.get(), "\n", 1) != 1) return errno_error("write to conmon");
  auto forked = run_successfully(process);
  if (!forked) return forked.error();
  sync_write.reset();
  auto pid = read_report(sync_read);
  if (!pid) return pid.error();
  auto supervisor_pid = read_pid(supervisor_pid_file);
  if (!supervisor_pid) return supervisor_pid.error();
  return SupervisedProcess{*pid, *supervisor_pid};
}

Result<void> OciCommand::start(const std::string& id) const {
  ProcessOptions process;
  process.arguments = with({"start", id});
  process.environment = program_environment();
  process.timeout = kCommandTimeout;
  auto started = run_runtime(process, "start container");
  if (!started) return started.error();
  return {};
}

Result<std::string> OciCommand::state(const std::string& id) const {
  if (!path_exists(layout_.state() + "/" + id)) return Error{ErrorCode::kNotFound, "no container " + id};
  ProcessOptions process;
  process.arguments = with({"state", id});
  process.environment = program_environment();
  process.timeout = kCommandTimeout;
  auto result = run_runtime(process, "look at container");
  if (!result) return result.error();
  auto document = parse_json(result->output);
  if (!document) return document.error();
  return string_at(document->value, {"status"});
}

Result<void> OciCommand::remove(const std::string& id) const {
  const std::string state = layout_.state() + "/" + id;
  if (!path_exists(state)) return {};
  ProcessOptions process;
  process.arguments = with({"delete", "--force", id});
  process.environment = program_environment();
  process.timeout = kCommandTimeout;
  auto removed = run_runtime(process, "delete container");
  // A creation that was cut off may leave a state that the runtime itself cannot read.
  if (path_exists(state)) return remove_tree(state);
  if (!removed) return removed.error();
  return {};
}

bool kill_processes_of(const std::string& id) {
  const auto is_ours = [&id](const std::string& process) {
    const auto arguments = read_file("/proc/" + process + "/cmdline");
    if (!arguments) return false;
    // One argument is exactly the id: both programs get it so, and file names that hold it do not count.
    return arguments->find(std::string(1, '\0') + id + std::string(1, '\0')) != std::string::npos;
  };
  bool killed = false;
  for (const std::string& process : list_directory("/proc")) {
    int pid = 0;
    std::from_chars(process.data(), process.data() + process.size(), pid);
    if (pid <= 0 || !is_ours(process)) continue;
    const auto pidfd = open_pidfd(pid);
    if (!pidfd || !is_ours(process)) continue;  // looked at again: now it cannot be another process
    static_cast<void>(send_signal(*pidfd, SIGKILL));
    static_cast<void>(wait_for_exit(*pidfd, std::chrono::seconds(5)));
    killed = true;
  }
  return killed;
}

Result<void> remove_abandoned(const std::string& id, const std::function<Result<void>()>& remove) {
  constexpr int kAttempts = 20;
  constexpr auto kPause = std::chrono::milliseconds(5);
  Result<void> removed;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kPause);
    kill_processes_of(id);
    removed = remove();
    if (removed && !kill_processes_of(id)) break;
  }
  return removed;
}

}  // namespace skiff::nodeagent::oci
