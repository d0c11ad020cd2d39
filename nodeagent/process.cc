#include "nodeagent/process.h"

#include "api/base/check.h"
#include "api/base/files.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>

namespace skiff::nodeagent {

namespace {

using SteadyClock = std::chrono::steady_clock;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// The children that Process objects wait for. The mutex is held while a child is born and while it is reaped, so that
// reap_orphans() never takes one for an orphan.
std::mutex own_children_mutex;
std::set<int> own_children;
int reaping_pauses = 0;

int reap(int pid) {
  const std::scoped_lock lock(own_children_mutex);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  own_children.erase(pid);
  return status;
}

// posix_spawn's two C objects with their ends of life.
class SpawnSetup {
 public:
  SpawnSetup() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  // The child gets a copy of `fd` as `number`. Copies are made above all numbers in use, so that one does not overwrite
  // another.
  Result<void> pass(int fd, int number) {
    UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 64));
    if (!copy) return errno_error("duplicate descriptor");
    ::posix_spawn_file_actions_adddup2(&actions_, copy.get(), number);
    copies_.push_back(std::move(copy));
    return {};
  }
  void open_null(int number, int flags) {
    ::posix_spawn_file_actions_addopen(&actions_, number, "/dev/null", flags, 0);
  }
  void change_directory(const std::string& path) { ::posix_spawn_file_actions_addchdir_np(&actions_, path.c_str()); }
  void close_from(int number) { ::posix_spawn_file_actions_addclosefrom_np(&actions_, number); }

  Result<int> spawn(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
    int pid = 0;
    const std::vector<char*> argv = pointers(arguments);
    const std::vector<char*> envp = pointers(environment);
    const std::scoped_lock lock(own_children_mutex);
    const int failed = ::posix_spawn(&pid, argv[0], &actions_, &attributes_, argv.data(), envp.data());
    if (failed != 0) return errno_error("run " + arguments[0], failed);
    own_children.insert(pid);
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
  std::vector<UniqueFd> copies_;
};

// The pids in /proc/self/task/*/children: an orphan may be given to any thread.
std::vector<int> all_children() {
  std::vector<int> children;
  for (const std::string& thread : list_directory("/proc/self/task")) {
    const auto text = read_file("/proc/self/task/" + thread + "/children");
    if (!text) continue;
    for (std::size_t start = 0; start < text->size();) {
      const std::size_t end = std::min(text->find(' ', start), text->size());
      int pid = 0;
      std::from_chars(text->data() + start, text->data() + end, pid);
      if (pid > 0) children.push_back(pid);
      start = end + 1;
    }
  }
  return children;
}

// Reads what is there; closes the descriptor at its end.
void drain(UniqueFd& fd, std::string& text, std::size_t limit) {
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return fd.reset();
    const std::size_t room = limit > text.size() ? limit - text.size() : 0;
    text.append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
  }
}

int milliseconds_until(SteadyClock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(0, left.count()));
}

}  // namespace

std::string ProcessResult::first_error_line() const {
  const std::size_t start = error_output.find_first_not_of(" \n");
  if (start == std::string::npos) return "exit code " + std::to_string(exit_code);
  return error_output.substr(start, error_output.find('\n', start) - start);
}

Result<Process> Process::spawn(const ProcessOptions& options) {
  auto output = make_pipe();
  if (!output) return output.error();
  auto error_output = make_pipe();
  if (!error_output) return error_output.error();
  SpawnSetup setup;
  if (options.input.empty()) {
    setup.open_null(0, O_RDONLY);
  } else {
    auto input = make_pipe();
    if (!input) return input.error();
    ::fcntl(input->write.get(), F_SETFL, O_NONBLOCK);  // more than the pipe holds is an error, not a hang
    const ssize_t written = ::write(input->write.get(), options.input.data(), options.input.size());
    if (written != static_cast<ssize_t>(options.input.size())) {
      return Error{ErrorCode::kInvalid, "run " + options.arguments[0] + ": its input is longer than a pipe holds"};
    }
    if (auto passed = setup.pass(input->read.get(), 0); !passed) return passed.error();
  }
  if (auto passed = setup.pass(output->write.get(), 1); !passed) return passed.error();
  const int error_target = options.merge_output ? output->write.get() : error_output->write.get();
  if (auto passed = setup.pass(error_target, 2); !passed) return passed.error();
  int next = 3;
  for (const auto& [ours, number] : options.descriptors) {
    if (auto passed = setup.pass(ours, number); !passed) return passed.error();
    next = std::max(next, number + 1);
  }
  setup.close_from(next);
  if (!options.working_directory.empty()) setup.change_directory(options.working_directory);
  auto pid = setup.spawn(options.arguments, options.environment);
  if (!pid) return pid.error();
  auto pidfd = open_pidfd(*pid);
  CHECK_INVARIANT(pidfd.has_value());  // our own child, which nobody else reaps
  ::fcntl(output->read.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(error_output->read.get(), F_SETFL, O_NONBLOCK);
  return Process(*pid, std::move(*pidfd), std::move(output->read), std::move(error_output->read));
}

Process::~Process() {
  if (!pidfd_) return;
  ::kill(-pid_, SIGKILL);
  static_cast<void>(wait_for_exit(pidfd_, std::chrono::hours(1)));  // outside of reap()'s lock
  reap(pid_);
}

Result<ProcessResult> Process::wait(const ProcessOptions& options) {
  auto deadline = SteadyClock::now() + options.timeout;
  bool late = false;
  bool killed = false;
  ProcessResult result;
  for (;;) {
    std::array<pollfd, 3> fds{
        {{pidfd_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}, {error_output_.get(), POLLIN, 0}}};
    const int ready = ::poll(fds.data(), fds.size(), killed ? -1 : milliseconds_until(deadline));
    if (ready < 0 && errno != EINTR) return errno_error("poll");
    if (output_) drain(output_, result.output, options.output_limit);
    if (error_output_) drain(error_output_, result.error_output, options.output_limit);
    if (ready > 0 && fds[0].revents != 0) break;
    if (ready != 0 || SteadyClock::now() < deadline) continue;
    if (!late && options.before_kill) {
      options.before_kill();
      deadline = SteadyClock::now() + std::chrono::seconds(1);
    } else {
      ::kill(-pid_, SIGKILL);
      killed = true;
    }
    late = true;
  }
  const int status = reap(pid_);
  pidfd_.reset();
  if (output_) drain(output_, result.output, options.output_limit);
  if (error_output_) drain(error_output_, result.error_output, options.output_limit);
  if (late) {
    return Error{ErrorCode::kDeadlineExceeded,
                 options.arguments[0] + " took longer than " + std::to_string(options.timeout.count()) + " ms"};
  }
  result.exit_code = shell_exit_code(status);
  return result;
}

Result<ProcessResult> run_process(const ProcessOptions& options) {
  auto process = Process::spawn(options);
  if (!process) return process.error();
  return process->wait(options);
}

Result<ProcessResult> run_successfully(const ProcessOptions& options) {
  auto result = run_process(options);
  if (result && result->exit_code != 0) {
    return Error{ErrorCode::kInternal, options.arguments[0] + ": " + result->first_error_line()};
  }
  return result;
}

void reap_orphans() {
  const std::scoped_lock lock(own_children_mutex);
  if (reaping_pauses > 0) return;  // the end of the pause looks again
  siginfo_t ended{};
  // Looks without reaping. Mostly there is nothing, or one of our own, which its Process takes.
  if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) return;
  for (const int pid : all_children()) {
    if (!own_children.contains(pid)) ::waitpid(pid, nullptr, WNOHANG);
  }
}

ReapingPause::ReapingPause() {
  const std::scoped_lock lock(own_children_mutex);
  ++reaping_pauses;
}

ReapingPause::~ReapingPause() {
  {
    const std::scoped_lock lock(own_children_mutex);
    --reaping_pauses;
  }
  reap_orphans();
}

Result<AdoptedProcess> AdoptedProcess::adopt(const ReapingPause&, int pid) {
  siginfo_t information{};
  if (::waitid(P_PID, static_cast<id_t>(pid), &information, WEXITED | WNOHANG | WNOWAIT) != 0) {
    return Error{ErrorCode::kNotFound, "process " + std::to_string(pid) + " is no child of ours"};
  }
  auto pidfd = open_pidfd(pid);
  if (!pidfd) return pidfd.error();
  const std::scoped_lock lock(own_children_mutex);
  own_children.insert(pid);
  return AdoptedProcess(pid, ::getpgid(pid), std::move(*pidfd));
}

AdoptedProcess::~AdoptedProcess() {
  if (!pidfd_ || exit_code()) return;
  if (group_ > 1 && group_ != ::getpgrp()) ::kill(-group_, SIGKILL);
  static_cast<void>(send_signal(pidfd_, SIGKILL));
  {
    // Its end is not waited for: from here on it is an orphan like others.
    const std::scoped_lock lock(own_children_mutex);
    own_children.erase(pid_);
  }
  reap_orphans();
}

std::optional<int> AdoptedProcess::exit_code() {
  if (exit_code_) return exit_code_;
  const std::scoped_lock lock(own_children_mutex);
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  own_children.erase(pid_);
  exit_code_ = shell_exit_code(status);
  return exit_code_;
}

std::string find_program(std::string_view name) {
  const char* variable = std::getenv("PATH");
  std::string directories = variable != nullptr ? variable : "";
  directories += ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (std::size_t start = 0; start < directories.size();) {
    const std::size_t end = std::min(directories.find(':', start), directories.size());
    const std::string path = directories.substr(start, end - start) + "/" + std::string(name);
    if (path[0] == '/' && ::access(path.c_str(), X_OK) == 0) return path;
    start = end + 1;
  }
  return "";
}

unsigned long long process_start_time(int pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!text) return 0;
  // "PID (command, which may hold anything) STATE PPID ..."; the state is field 3.
  std::size_t position = text->rfind(')');
  if (position == std::string::npos || position + 2 >= text->size()) return 0;
  if (const char state = (*text)[position + 2]; state == 'Z' || state == 'X') return 0;
  for (int field = 2; field < 22 && position != std::string::npos; ++field) position = text->find(' ', position + 1);
  if (position == std::string::npos) return 0;
  unsigned long long ticks = 0;
  std::from_chars(text->data() + position + 1, text->data() + text->size(), ticks);
  return ticks;
}

Result<UniqueFd> open_pidfd(int pid) {
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) return errno_error("pidfd_open " + std::to_string(pid));
  return fd;
}

Result<void> send_signal(const UniqueFd& pidfd, int signal_number) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal_number, nullptr, 0) != 0 && errno != ESRCH) {
    return errno_error("pidfd_send_signal");
  }
  return {};
}

bool wait_for_exit(const UniqueFd& pidfd, std::chrono::milliseconds timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  for (;;) {
    pollfd fd{pidfd.get(), POLLIN, 0};
    const int ready = ::poll(&fd, 1, milliseconds_until(deadline));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

int shell_exit_code(int wait_status) {
  if (WIFEXITED(wait_status)) return WEXITSTATUS(wait_status);
  return 128 + WTERMSIG(wait_status);
}

}  // namespace skiff::nodeagent
