#include "nodeagent/runtime/oci/oci_runtime.h"

#include "api/base/ids.h"
#include "api/base/log.h"
#include "nodeagent/process.h"
#include "nodeagent/runtime/oci/exec_streams.h"
#include "nodeagent/streaming/exec_result.h"
#include "nodeagent/streaming/socket_stream.h"

#include <signal.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace skiff::nodeagent {

using std::chrono::steady_clock;

namespace {

constexpr auto kDeathTimeout = std::chrono::seconds(10);

// "SIGTERM", "TERM", "15"; SIGTERM when it is none of these.
int signal_number(std::string name) {
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (int number = 1; number < SIGRTMIN; ++number) {
    const char* abbreviation = ::sigabbrev_np(number);
    if ((abbreviation != nullptr && name == abbreviation) || name == std::to_string(number)) return number;
  }
  return SIGTERM;
}

Error no_sandbox(const std::string& id) { return {ErrorCode::kNotFound, "sandbox \"" + id + "\" not found"}; }
Error no_container(const std::string& id) { return {ErrorCode::kNotFound, "container \"" + id + "\" not found"}; }

std::string new_id() { return random_hex(32); }

// Asio lets its signals interrupt system calls; the rest of the process need not know of our children.
void restart_calls_after_child_signals() {
  struct sigaction action {};
  ::sigaction(SIGCHLD, nullptr, &action);
  action.sa_flags |= SA_RESTART | SA_NOCLDSTOP;
  ::sigaction(SIGCHLD, &action, nullptr);
}

}  // namespace

struct OciRuntime::Sandbox {
  oci::SandboxRecord record;
  bool pause_lives = false;
  std::unique_ptr<oci::ProcessWatch> watch;

  [[nodiscard]] SandboxStatus status() const {
    const bool ready = record.phase == oci::SandboxPhase::kReady && pause_lives;
    return {record.id, record.config.key, ready, record.ip, record.created_at};
  }
};

struct OciRuntime::Container {
  oci::ContainerRecord record;
  SandboxKey pod;
  std::unique_ptr<oci::ProcessWatch> watch;
  std::vector<std::function<void()>> waiters;  // called when it has ended

  [[nodiscard]] bool has_exited() const { return record.status.state == ContainerState::kExited; }
};

Result<std::unique_ptr<OciRuntime>> OciRuntime::open(OciOptions options) {
  auto operations = oci::Operations::open(options);
  if (!operations) return operations.error();
  // Shims and pause processes become ours when their starters end, so that they are reaped at once, whatever the
  // machine's PID 1 does.
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return errno_error("become a child subreaper");
  return std::unique_ptr<OciRuntime>(new OciRuntime(std::move(options), std::move(*operations)));
}

OciRuntime::OciRuntime(OciOptions options, std::unique_ptr<oci::Operations> operations)
    : options_(std::move(options)),
      operations_(std::move(operations)),
      logs_(options_.executor, *options_.pool, options_.logs,
            [reopening = operations_.get()](const std::string& container_id) {
              const auto reopened = reopening->reopen_log(container_id);
              if (!reopened) spdlog::warn("container {}: {}", container_id, reopened.error().message);
            }),
      tasks_(options_.executor),
      child_signals_(options_.executor, SIGCHLD) {
  restart_calls_after_child_signals();
  reap_orphans_on_signals();
}

void OciRuntime::reap_orphans_on_signals() {
  // A zombie in a container's process namespace would keep the whole namespace from ending.
  child_signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    reap_orphans();
    reap_orphans_on_signals();
  });
}

OciRuntime::~OciRuntime() = default;

std::string OciRuntime::name() const { return "skiff"; }
std::string OciRuntime::version() const { return SKIFF_VERSION; }

void OciRuntime::set_exit_listener(ExitListener listener) { exit_listener_ = std::move(listener); }

std::shared_ptr<OciRuntime::Sandbox> OciRuntime::find_sandbox(const std::string& id) const {
  const auto found = sandboxes_.find(id);
  return found != sandboxes_.end() ? found->second : nullptr;
}

std::shared_ptr<OciRuntime::Container> OciRuntime::find_container(const std::string& id) const {
  const auto found = containers_.find(id);
  return found != containers_.end() ? found->second : nullptr;
}

std::vector<std::shared_ptr<OciRuntime::Container>> OciRuntime::containers_of(const std::string& sandbox_id) const {
  std::vector<std::shared_ptr<Container>> result;
  for (const auto& [id, container] : containers_) {
    if (container->record.status.sandbox_id == sandbox_id) result.push_back(container);
  }
  return result;
}

Task<Result<RuntimeSnapshot>> OciRuntime::recover() {
  auto look = [operations = operations_.get()] { return operations->recover(); };
  auto found = co_await run_blocking(*options_.pool, std::move(look));
  if (!found) co_return found.error().wrap("recover containers");
  for (oci::SandboxRecord& record : found->sandboxes) {
    auto sandbox = std::make_shared<Sandbox>();
    sandbox->record = std::move(record);
    if (sandbox->record.phase == oci::SandboxPhase::kReady) watch_sandbox(sandbox);
    sandboxes_[sandbox->record.id] = std::move(sandbox);
  }
  for (oci::ContainerRecord& record : found->containers) {
    auto container = std::make_shared<Container>();
    container->record = std::move(record);
    container->pod = sandboxes_.at(container->record.status.sandbox_id)->record.config.key;
    if (!container->has_exited()) {
      watch_container(container);
      follow_log(*container);
    }
    containers_[container->record.status.id] = std::move(container);
  }
  spdlog::info("oci: adopted {} sandboxes and {} containers", sandboxes_.size(), containers_.size());
  co_return snapshot();
}

void OciRuntime::watch_sandbox(const std::shared_ptr<Sandbox>& sandbox) {
  auto pidfd = sandbox->record.pause.open();
  sandbox->pause_lives = pidfd.has_value();
  if (!pidfd) return;
  auto ended = [this, weak = std::weak_ptr<Sandbox>(sandbox)] {
    const auto ended_sandbox = weak.lock();
    if (!ended_sandbox) return;
    ended_sandbox->pause_lives = false;
    if (exit_listener_) exit_listener_(ended_sandbox->record.config.key, ended_sandbox->record.id);
  };
  sandbox->watch = std::make_unique<oci::ProcessWatch>(options_.executor, std::move(*pidfd), std::move(ended));
}

void OciRuntime::watch_container(const std::shared_ptr<Container>& container) {
  auto pidfd = container->record.supervisor.open();
  if (!pidfd) {  // it ended this moment
    tasks_.spawn(finish(container));
    return;
  }
  auto ended = [this, weak = std::weak_ptr<Container>(container)] {
    if (const auto ended_container = weak.lock()) tasks_.spawn(finish(ended_container));
  };
  container->watch = std::make_unique<oci::ProcessWatch>(options_.executor, std::move(*pidfd), std::move(ended));
}

void OciRuntime::follow_log(const Container& container) {
  logs_.follow(container.record.status.id, container.record.status.log_path);
}

Task<void> OciRuntime::finish(std::shared_ptr<Container> container) {
  auto look = [operations = operations_.get(), record = container->record]() mutable {
    operations->finish_container(record);
    return record.status;
  };
  const ContainerStatus ended = co_await run_blocking(*options_.pool, std::move(look));
  logs_.forget(container->record.status.id);
  ContainerStatus& status = container->record.status;
  status.state = ended.state;
  status.exit_code = ended.exit_code;
  status.oom_killed = ended.oom_killed;
  status.finished_at = ended.finished_at;
  status.pid = 0;
  spdlog::debug("oci: container {} of pod {}/{} ended, exit code {}", status.id, container->pod.pod_namespace,
                container->pod.pod_name, status.exit_code);
  for (const auto& waiter : std::exchange(container->waiters, {})) waiter();
  if (exit_listener_) exit_listener_(container->pod, status.id);
}

Task<Result<SandboxStatus>> OciRuntime::run_sandbox(SandboxConfig config) {
  auto sandbox = std::make_shared<Sandbox>();
  sandbox->record.id = new_id();
  sandbox->record.config = std::move(config);
  sandbox->record.created_at = std::chrono::system_clock::now();
  auto make = [operations = operations_.get(), sandbox] { return operations->make_sandbox(sandbox->record); };
  auto made = co_await run_blocking(*options_.pool, std::move(make));
  if (!made) co_return made.error().wrap("failed to create sandbox");
  spdlog::debug("oci: sandbox {} of pod {}/{} runs, address {}", sandbox->record.id,
                sandbox->record.config.key.pod_namespace, sandbox->record.config.key.pod_name, sandbox->record.ip);
  sandboxes_[sandbox->record.id] = sandbox;
  watch_sandbox(sandbox);
  co_return sandbox->status();
}

Task<Result<void>> OciRuntime::stop_sandbox(std::string sandbox_id) {
  const auto sandbox = find_sandbox(sandbox_id);
  if (!sandbox || sandbox->record.phase == oci::SandboxPhase::kStopped) co_return Result<void>();
  for (const auto& container : containers_of(sandbox_id)) {
    auto killed = co_await kill(container);
    if (!killed) co_return killed.error().wrap("stop sandbox");
  }
  sandbox->watch.reset();  // its end is no news
  sandbox->pause_lives = false;
  auto stop = [operations = operations_.get(), sandbox] { return operations->stop_sandbox(sandbox->record); };
  auto stopped = co_await run_blocking(*options_.pool, std::move(stop));
  if (!stopped) co_return stopped.error().wrap("stop sandbox");
  co_return Result<void>();
}

Task<Result<void>> OciRuntime::remove_sandbox(std::string sandbox_id) {
  auto stopped = co_await stop_sandbox(sandbox_id);
  if (!stopped) co_return stopped;
  const auto sandbox = find_sandbox(sandbox_id);
  if (!sandbox) co_return Result<void>();
  for (const auto& container : containers_of(sandbox_id)) {
    auto removed = co_await remove(container);
    if (!removed) co_return removed.error().wrap("remove sandbox");
  }
  auto remove_it = [operations = operations_.get(), sandbox] { return operations->remove_sandbox(sandbox->record); };
  auto removed = co_await run_blocking(*options_.pool, std::move(remove_it));
  if (!removed) co_return removed.error().wrap("remove sandbox");
  sandboxes_.erase(sandbox_id);
  co_return Result<void>();
}

Task<Result<std::string>> OciRuntime::create_container(std::string sandbox_id, ContainerConfig config) {
  const auto sandbox = find_sandbox(sandbox_id);
  if (!sandbox) co_return no_sandbox(sandbox_id);
  if (!sandbox->status().ready) co_return Error{ErrorCode::kUnavailable, "sandbox \"" + sandbox_id + "\" is not ready"};
  oci::ProcessIdentity target;
  if (!config.target_container_id.empty()) {
    if (auto running = check_running(config.target_container_id); !running) {
      co_return running.error().wrap("failed to create container: invalid target container");
    }
    target = find_container(config.target_container_id)->record.process;
  }
  auto container = std::make_shared<Container>();
  container->pod = sandbox->record.config.key;
  container->record.stop_signal = config.image.config.stop_signal;
  ContainerStatus& status = container->record.status;
  status.id = new_id();
  status.sandbox_id = sandbox_id;
  status.name = config.name;
  status.attempt = config.attempt;
  status.state = ContainerState::kCreated;
  status.created_at = std::chrono::system_clock::now();
  status.image_reference = config.image_reference;
  status.image_id = config.image.repo_digests.empty() ? config.image.id : config.image.repo_digests[0];
  status.log_path = config.log_path;
  auto make = [operations = operations_.get(), sandbox, container, config = std::move(config), target] {
    return operations->make_container(sandbox->record, container->record, config, target);
  };
  auto made = co_await run_blocking(*options_.pool, std::move(make));
  if (!made) co_return made.error().wrap("failed to create container");
  const std::string id = container->record.status.id;
  containers_[id] = container;
  watch_container(container);
  co_return id;
}

Task<Result<void>> OciRuntime::start_container(std::string container_id) {
  const auto container = find_container(container_id);
  if (!container) co_return no_container(container_id);
  container->record.status.started_at = std::chrono::system_clock::now();  // before it can end
  auto start = [operations = operations_.get(), record = container->record]() mutable {
    auto started = operations->start_container(record);
    return std::make_pair(std::move(started), std::move(record));
  };
  const auto [started, record] = co_await run_blocking(*options_.pool, std::move(start));
  container->record.phase = record.phase;
  if (!started) co_return started.error().wrap("failed to start container");
  // It may have ended already.
  if (!container->has_exited()) {
    container->record.status.state = ContainerState::kRunning;
    follow_log(*container);
  }
  co_return Result<void>();
}

Task<bool> OciRuntime::wait_for_exit(std::shared_ptr<Container> container, steady_clock::time_point deadline) {
  Signal ended(options_.executor);
  container->waiters.push_back(ended.notifier());
  while (!container->has_exited() && !detached_) {
    if (!co_await ended.wait_until(deadline)) break;
  }
  co_return container->has_exited();
}

Task<Result<void>> OciRuntime::kill(std::shared_ptr<Container> container) {
  if (container->has_exited()) co_return Result<void>();
  if (auto sent = operations_->signal_container(container->record, SIGKILL); !sent) co_return sent;
  const auto deadline = steady_clock::now() + kDeathTimeout;
  if (co_await wait_for_exit(container, deadline)) co_return Result<void>();
  co_return Error{ErrorCode::kDeadlineExceeded, "container \"" + container->record.status.id + "\" does not end"};
}

Task<Result<void>> OciRuntime::stop_container(std::string container_id, std::chrono::seconds grace) {
  const auto container = find_container(container_id);
  if (!container) co_return no_container(container_id);
  if (container->has_exited()) co_return Result<void>();
  if (grace.count() > 0 && container->record.status.state == ContainerState::kRunning) {
    const int signal = signal_number(container->record.stop_signal);
    if (auto sent = operations_->signal_container(container->record, signal); !sent) co_return sent;
    const auto deadline = steady_clock::now() + grace;
    if (co_await wait_for_exit(container, deadline)) co_return Result<void>();
    if (detached_) co_return Error{ErrorCode::kUnavailable, "the agent stops"};
  }
  co_return co_await kill(container);
}

Task<Result<void>> OciRuntime::remove_container(std::string container_id) {
  const auto container = find_container(container_id);
  if (!container) co_return Result<void>();
  co_return co_await remove(container);
}

Task<Result<void>> OciRuntime::remove(std::shared_ptr<Container> container) {
  auto killed = co_await kill(container);
  if (!killed) co_return killed;
  auto remove_it = [operations = operations_.get(), record = container->record] {
    return operations->remove_container(record);
  };
  auto removed = co_await run_blocking(*options_.pool, std::move(remove_it));
  if (!removed) co_return removed.error().wrap("remove container");
  containers_.erase(container->record.status.id);
  co_return Result<void>();
}

Result<void> OciRuntime::check_running(const std::string& container_id) const {
  const auto container = find_container(container_id);
  if (!container) return no_container(container_id);
  if (container->record.status.state == ContainerState::kRunning) return {};
  return Error{ErrorCode::kUnavailable, "container \"" + container_id + "\" is not running"};
}

Task<Result<ExecResult>> OciRuntime::exec(std::string container_id, std::vector<std::string> command,
                                          std::chrono::seconds timeout) {
  ExecConfig config;
  config.command = std::move(command);
  config.merge_output = true;
  auto process = co_await open_exec(std::move(container_id), std::move(config), options_.executor);
  if (!process) co_return process.error();
  co_return co_await wait_for_result(**process, timeout);
}

Task<Result<std::unique_ptr<api::ProcessStreams>>> OciRuntime::open_exec(std::string container_id, ExecConfig config,
                                                                         asio::any_io_executor executor) {
  if (auto running = check_running(container_id); !running) co_return running.error();
  auto start = [operations = operations_.get(), container_id, config = std::move(config)] {
    return operations->start_exec(container_id, config);
  };
  auto started = co_await run_blocking(*options_.pool, std::move(start));
  if (!started) co_return started.error();
  std::unique_ptr<api::ProcessStreams> streams =
      std::make_unique<oci::ExecStreams>(std::move(executor), std::move(*started));
  co_return streams;
}

Task<Result<std::unique_ptr<api::ProcessStreams>>> OciRuntime::attach(std::string container_id,
                                                                      asio::any_io_executor executor) {
  if (auto running = check_running(container_id); !running) co_return running.error();
  auto attach = [operations = operations_.get(), container_id] { return operations->attach(container_id); };
  auto attached = co_await run_blocking(*options_.pool, std::move(attach));
  if (!attached) co_return attached.error();
  std::unique_ptr<api::ProcessStreams> streams =
      std::make_unique<oci::AttachStreams>(std::move(executor), std::move(*attached));
  co_return streams;
}

Task<Result<std::unique_ptr<api::DuplexStream>>> OciRuntime::connect(std::string sandbox_id, std::uint16_t port,
                                                                     asio::any_io_executor executor) {
  const auto sandbox = find_sandbox(sandbox_id);
  if (!sandbox) co_return no_sandbox(sandbox_id);
  auto connect = [operations = operations_.get(), sandbox, port] { return operations->connect(sandbox->record, port); };
  auto connected = co_await run_blocking(*options_.pool, std::move(connect));
  if (!connected) co_return connected.error();
  std::unique_ptr<api::DuplexStream> stream =
      std::make_unique<SocketStream>(std::move(executor), std::move(*connected));
  co_return stream;
}

Task<std::vector<ContainerFigures>> OciRuntime::usage() {
  std::vector<std::pair<std::string, std::string>> cgroups;
  for (const auto& [id, container] : containers_) {
    if (container->record.status.state == ContainerState::kRunning) cgroups.emplace_back(id, container->record.cgroup);
  }
  auto read = [operations = operations_.get(), cgroups = std::move(cgroups)] {
    std::vector<ContainerFigures> figures;
    for (const auto& [id, cgroup] : cgroups) {
      // One that ends this moment has no cgroup any more.
      if (const auto usage = operations->cgroup_usage(cgroup)) {
        figures.push_back({id, usage->cpu_nanoseconds, usage->memory_bytes, usage->processes});
      }
    }
    return figures;
  };
  co_return co_await run_blocking(*options_.pool, std::move(read));
}

std::string OciRuntime::writable_layer(const std::string& container_id) const {
  return operations_->writable_layer(container_id);
}

Result<ContainerStatus> OciRuntime::container_status(const std::string& container_id) const {
  const auto container = find_container(container_id);
  if (!container) return no_container(container_id);
  return container->record.status;
}

Result<SandboxStatus> OciRuntime::sandbox_status(const std::string& sandbox_id) const {
  const auto sandbox = find_sandbox(sandbox_id);
  if (!sandbox) return no_sandbox(sandbox_id);
  return sandbox->status();
}

RuntimeSnapshot OciRuntime::snapshot() const {
  RuntimeSnapshot result;
  for (const auto& [id, sandbox] : sandboxes_) result.sandboxes.push_back(sandbox->status());
  for (const auto& [id, container] : containers_) result.containers.push_back(container->record.status);
  return result;
}

Task<void> OciRuntime::detach() {
  detached_ = true;  // nobody waits out a grace period any more: the next agent gives it anew
  for (const auto& [id, container] : containers_) {
    for (const auto& wake : container->waiters) wake();
  }
  child_signals_.cancel();
  for (const auto& [id, sandbox] : sandboxes_) sandbox->watch.reset();
  for (const auto& [id, container] : containers_) container->watch.reset();
  co_await logs_.stop();
  co_await tasks_.join();
  sandboxes_.clear();
  containers_.clear();
}

}  // namespace skiff::nodeagent
