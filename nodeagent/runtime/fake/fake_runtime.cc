#include "nodeagent/runtime/fake/fake_runtime.h"

#include "api/base/check.h"
#include "api/base/ids.h"
#include "nodeagent/runtime/fake/fake_streams.h"
#include "nodeagent/streaming/exec_result.h"

#include <charconv>

namespace skiff::nodeagent {

namespace {

constexpr int kKilled = 137;      // 128 + SIGKILL
constexpr int kTerminated = 143;  // 128 + SIGTERM
// Of a sandbox's id, which nobody outside sees: short enough for a std::string to need no memory beside itself.
constexpr std::size_t kSandboxIdBytes = 7;

Error not_found(const std::string& what, const std::string& id) {
  return Error{ErrorCode::kNotFound, what + " " + id + ": not found"};
}

// The code of a container that ends at once.
std::optional<int> simulated_exit(const std::vector<std::string>& arguments) {
  if (arguments.size() != 2 || arguments[0] != "exit") return std::nullopt;
  int code = 0;
  const std::string& text = arguments[1];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return code;
}

Task<void> pause_for(std::chrono::milliseconds delay) {
  if (delay.count() <= 0) co_return;
  asio::steady_timer timer(co_await asio::this_coro::executor, delay);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

FakeAddresses::FakeAddresses(const std::string& seed)
    : next_(seed.empty() ? 1 : static_cast<std::uint32_t>(std::hash<std::string>{}(seed))) {}

std::string FakeAddresses::next() {
  constexpr std::uint32_t kNetwork = (10U << 24) + (128U << 16);
  constexpr std::uint32_t kSize = 1U << 23;
  const std::uint32_t address = kNetwork + next_.fetch_add(1, std::memory_order_relaxed) % kSize;
  return std::to_string(address >> 24) + "." + std::to_string(address >> 16 & 255) + "." +
         std::to_string(address >> 8 & 255) + "." + std::to_string(address & 255);
}

FakeRuntime::FakeRuntime(FakeAddresses& addresses, const Clock& clock, Options options)
    : addresses_(addresses), clock_(clock), options_(std::move(options)) {}

std::optional<Error> FakeRuntime::fault(std::string_view operation, const std::string& name) const {
  return fault_ ? fault_(operation, name) : std::nullopt;
}

void FakeRuntime::end_container(ContainerStatus& status, int exit_code) {
  status.state = ContainerState::kExited;
  status.exit_code = exit_code;
  status.finished_at = clock_.now();
  status.pid = 0;
  const auto sandbox = sandboxes_.find(status.sandbox_id);
  if (listener_ && sandbox != sandboxes_.end()) listener_(sandbox->second->key, status.id);
}

void FakeRuntime::end_soon(const asio::any_io_executor& executor, const std::string& id, int exit_code) {
  asio::post(executor, [this, alive = std::weak_ptr<bool>(alive_), id, exit_code] {
    if (alive.expired()) return;
    const auto found = containers_.find(id);
    if (found == containers_.end() || found->second->state != ContainerState::kRunning) return;
    end_container(*found->second, exit_code);
  });
}

void FakeRuntime::end_containers_of(const std::string& sandbox_id, int exit_code) {
  for (auto& [id, status] : containers_) {
    const bool runs = status->state == ContainerState::kRunning;
    if (runs && status->sandbox_id == sandbox_id) end_container(*status, exit_code);
  }
}

void FakeRuntime::exit_container(const std::string& id, int exit_code) {
  const auto found = containers_.find(id);
  CHECK_INVARIANT(found != containers_.end() && found->second->state == ContainerState::kRunning);
  end_container(*found->second, exit_code);
}

void FakeRuntime::exit_sandbox(const std::string& id) {
  const auto found = sandboxes_.find(id);
  CHECK_INVARIANT(found != sandboxes_.end());
  found->second->ready = false;
  end_containers_of(id, kKilled);
  if (listener_) listener_(found->second->key, id);
}

const ContainerStatus* FakeRuntime::find_container(const std::string& name) const {
  const ContainerStatus* newest = nullptr;
  for (const auto& [id, status] : containers_) {
    if (status->name == name && (newest == nullptr || status->attempt > newest->attempt)) newest = status.get();
  }
  return newest;
}

const ContainerConfig* FakeRuntime::config_of(const std::string& name) const {
  const ContainerStatus* status = find_container(name);
  if (status == nullptr) return nullptr;
  const auto found = configs_.find(status->id);
  return found == configs_.end() ? nullptr : &found->second;
}

Task<Result<RuntimeSnapshot>> FakeRuntime::recover() {
  std::erase_if(containers_, [](const auto& entry) { return entry.second->state == ContainerState::kCreated; });
  co_return snapshot();
}

Task<Result<SandboxStatus>> FakeRuntime::run_sandbox(SandboxConfig config) {
  if (auto error = fault("run_sandbox", config.key.pod_name)) co_return *error;
  SandboxStatus status;
  status.id = random_hex(kSandboxIdBytes);
  status.key = std::move(config.key);
  status.ready = true;
  if (!config.host_network) status.ip = addresses_.next();
  status.created_at = clock_.now();
  auto kept = std::make_unique<SandboxStatus>(status);
  sandboxes_.emplace(kept->id, std::move(kept));
  co_return status;
}

Task<Result<void>> FakeRuntime::stop_sandbox(std::string sandbox_id) {
  const auto found = sandboxes_.find(sandbox_id);
  if (found != sandboxes_.end()) {
    found->second->ready = false;
    end_containers_of(sandbox_id, kKilled);
  }
  co_return Result<void>();
}

Task<Result<void>> FakeRuntime::remove_sandbox(std::string sandbox_id) {
  const auto sandbox = sandboxes_.find(sandbox_id);
  if (sandbox == sandboxes_.end()) co_return Result<void>();
  if (auto error = fault("remove_sandbox", sandbox->second->key.pod_name)) co_return *error;
  std::erase_if(containers_, [&](const auto& entry) {
    const bool gone = entry.second->sandbox_id == sandbox_id;
    if (gone) configs_.erase(entry.second->id);
    if (gone) ends_with_.erase(entry.second->id);
    return gone;
  });
  sandboxes_.erase(sandbox);
  co_return Result<void>();
}

Task<Result<std::string>> FakeRuntime::create_container(std::string sandbox_id, ContainerConfig config) {
  if (auto error = fault("create_container", config.name)) co_return *error;
  const auto sandbox = sandboxes_.find(sandbox_id);
  if (sandbox == sandboxes_.end() || !sandbox->second->ready) co_return not_found("sandbox", sandbox_id);
  ContainerStatus status;
  status.id = random_hex(32);
  status.sandbox_id = std::move(sandbox_id);
  status.name = config.name;
  status.attempt = config.attempt;
  status.state = ContainerState::kCreated;
  status.created_at = clock_.now();
  status.image_reference = config.image_reference;
  status.image_id = config.image.id;
  status.log_path = config.log_path;
  if (const auto code = simulated_exit(config.arguments)) ends_with_.emplace(status.id, *code);
  if (options_.keep_configs) configs_.emplace(status.id, std::move(config));
  std::string id = status.id;
  auto kept = std::make_unique<ContainerStatus>(std::move(status));
  containers_.emplace(kept->id, std::move(kept));
  co_return id;
}

Task<Result<void>> FakeRuntime::start_container(std::string container_id) {
  co_await pause_for(options_.start_delay);
  const auto found = containers_.find(container_id);
  if (found == containers_.end()) co_return not_found("container", container_id);
  ContainerStatus& status = *found->second;
  if (auto error = fault("start_container", status.name)) co_return *error;
  status.state = ContainerState::kRunning;
  status.started_at = clock_.now();
  status.pid = 1;
  const auto executor = co_await asio::this_coro::executor;
  if (const auto ends = ends_with_.find(container_id); ends != ends_with_.end()) {
    end_soon(executor, container_id, ends->second);
  }
  co_return Result<void>();
}

Task<Result<void>> FakeRuntime::stop_container(std::string container_id, std::chrono::seconds grace) {
  const auto found = containers_.find(container_id);
  if (found != containers_.end() && found->second->state == ContainerState::kRunning) {
    end_container(*found->second, grace.count() > 0 ? kTerminated : kKilled);
  }
  co_return Result<void>();
}

Task<Result<void>> FakeRuntime::remove_container(std::string container_id) {
  const auto found = containers_.find(container_id);
  if (found == containers_.end()) co_return Result<void>();
  if (auto error = fault("remove_container", found->second->name)) co_return *error;
  containers_.erase(found);
  configs_.erase(container_id);
  ends_with_.erase(container_id);
  co_return Result<void>();
}

Result<void> FakeRuntime::check_running(const std::string& container_id) const {
  const auto found = containers_.find(container_id);
  if (found == containers_.end()) return not_found("container", container_id);
  if (found->second->state == ContainerState::kRunning) return {};
  return Error{ErrorCode::kUnavailable, "container " + container_id + ": not running"};
}

Task<Result<ExecResult>> FakeRuntime::exec(std::string container_id, std::vector<std::string> command,
                                           std::chrono::seconds timeout) {
  ExecConfig config;
  config.command = std::move(command);
  const auto executor = co_await asio::this_coro::executor;
  auto process = co_await open_exec(std::move(container_id), std::move(config), executor);
  if (!process) co_return process.error();
  co_return co_await wait_for_result(**process, timeout);
}

Task<Result<std::unique_ptr<api::ProcessStreams>>> FakeRuntime::open_exec(std::string container_id, ExecConfig config,
                                                                          asio::any_io_executor executor) {
  if (auto running = check_running(container_id); !running) co_return running.error();
  const std::string program = config.command.empty() ? "" : config.command[0];
  if (auto error = fault("exec", program)) co_return *error;
  std::unique_ptr<api::ProcessStreams> streams = std::make_unique<FakeProcess>(std::move(executor), config.command);
  co_return streams;
}

Task<Result<std::unique_ptr<api::ProcessStreams>>> FakeRuntime::attach(std::string container_id,
                                                                       asio::any_io_executor executor) {
  ExecConfig config;
  config.command.emplace_back("cat");
  return open_exec(std::move(container_id), std::move(config), std::move(executor));
}

Task<Result<std::unique_ptr<api::DuplexStream>>> FakeRuntime::connect(std::string sandbox_id, std::uint16_t port,
                                                                      asio::any_io_executor executor) {
  if (!sandboxes_.contains(sandbox_id)) co_return not_found("sandbox", sandbox_id);
  if (auto error = fault("connect", std::to_string(port))) co_return *error;
  std::unique_ptr<api::DuplexStream> stream = std::make_unique<FakeConnection>(std::move(executor));
  co_return stream;
}

Task<std::vector<ContainerFigures>> FakeRuntime::usage() {
  constexpr std::int64_t kMemoryBytes = 1 << 20;
  std::vector<ContainerFigures> figures;
  for (const auto& [id, status] : containers_) {
    if (status->state != ContainerState::kRunning) continue;
    const auto runs_for = std::chrono::duration_cast<std::chrono::nanoseconds>(clock_.now() - status->started_at);
    figures.push_back({status->id, runs_for.count() / 1000, kMemoryBytes, 1});
  }
  co_return figures;
}

Result<ContainerStatus> FakeRuntime::container_status(const std::string& container_id) const {
  const auto found = containers_.find(container_id);
  if (found == containers_.end()) return not_found("container", container_id);
  return *found->second;
}

Result<SandboxStatus> FakeRuntime::sandbox_status(const std::string& sandbox_id) const {
  const auto found = sandboxes_.find(sandbox_id);
  if (found == sandboxes_.end()) return not_found("sandbox", sandbox_id);
  return *found->second;
}

RuntimeSnapshot FakeRuntime::snapshot() const {
  RuntimeSnapshot all;
  for (const auto& [id, status] : sandboxes_) all.sandboxes.push_back(*status);
  for (const auto& [id, status] : containers_) all.containers.push_back(*status);
  return all;
}

Task<void> FakeRuntime::detach() {
  listener_ = nullptr;
  co_return;
}

}  // namespace skiff::nodeagent
