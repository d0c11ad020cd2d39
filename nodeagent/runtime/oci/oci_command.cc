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
constexpr int kReportDescriptor = 3;

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

// All that the shim reports; see helpers/shim.c.
Result<std::string> read_report(const UniqueFd& pipe) {
  std::string text;
  const auto deadline = std::chrono::steady_clock::now() + kCreateTimeout;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd fd{pipe.get(), POLLIN, 0};
    const int ready = left.count() > 0 ? ::poll(&fd, 1, static_cast<int>(left.count())) : 0;
    if (ready == 0) return Error{ErrorCode::kDeadlineExceeded, "the shim made no container in time"};
    if (ready < 0) continue;
    std::array<char, 4096> buffer;
    const ssize_t count = ::read(pipe.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

Result<SupervisedProcess> parse_report(std::string_view report) {
  constexpr std::string_view kSuccess = "ok ";
  constexpr std::string_view kFailure = "error ";
  if (report.starts_with(kFailure)) {
    return Error{ErrorCode::kInternal, without_time(std::string(report.substr(kFailure.size())))};
  }
  SupervisedProcess process;
  if (report.starts_with(kSuccess)) {
    const char* end = report.data() + report.size();
    const char* rest = std::from_chars(report.data() + kSuccess.size(), end, process.pid).ptr;
    if (rest != end) std::from_chars(rest + 1, end, process.supervisor_pid);
  }
  if (process.supervisor_pid <= 0) return Error{ErrorCode::kInternal, "the shim ended without a report"};
  return process;
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
  if (runtime.empty()) {
    return Error{ErrorCode::kNotFound, "no OCI runtime (crun or runc) is installed: install Debian's package crun"};
  }
  return OciCommand(std::move(runtime), layout);
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
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("pipe");
  const UniqueFd report(ends[0]);
  UniqueFd reported(ends[1]);

  ProcessOptions process;
  process.arguments = {layout_.shim()};
  if (options.stdin_open) process.arguments.emplace_back(options.stdin_once ? "--stdin-once" : "--stdin");
  if (options.tty) process.arguments.emplace_back("--terminal");
  process.arguments.push_back(options.id);
  process.arguments.push_back(options.log_path);
  std::vector<std::string> create = {"create", "--bundle", options.bundle, "--pid-file", options.bundle + "/pid"};
  // A name, not a path, since a path may be longer than a socket's address.
  if (options.tty) create.insert(create.end(), {"--console-socket", "console"});
  create.push_back(options.id);
  for (std::string& argument : with(std::move(create))) process.arguments.push_back(std::move(argument));
  process.environment = program_environment();
  process.descriptors = {{reported.get(), kReportDescriptor}};
  process.working_directory = options.bundle;
  process.timeout = kCreateTimeout;

  auto forked = run_successfully(process);
  if (!forked) return forked.error();
  reported.reset();
  auto text = read_report(report);
  if (!text) return text.error();
  return parse_report(*text);
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
