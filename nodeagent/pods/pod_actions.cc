// What PodWorker does for each Action of a plan.
#include "api/base/log.h"
#include "nodeagent/pods/config_objects.h"
#include "nodeagent/pods/container_config.h"
#include "nodeagent/pods/image_credentials.h"
#include "nodeagent/pods/pod_tokens.h"
#include "nodeagent/pods/pod_view.h"
#include "nodeagent/pods/pod_worker.h"
#include "nodeagent/pods/sandbox_config.h"
#include "nodeagent/probes/pod_prober.h"
#include "nodeagent/volumes/pod_files.h"

namespace skiff::nodeagent {

namespace {

// How soon a step that failed for reasons outside of the pod is tried again.
constexpr std::chrono::seconds kRetryDelay{10};
constexpr std::chrono::seconds kApiRetryDelay{1};
// The exit code of a container whose process could not be started.
constexpr int kStartErrorExitCode = 128;

// How long a container that starts may wait for its image: until its pod ends, or has been active for too long.
class PullLimit {
 public:
  PullLimit(const asio::any_io_executor& executor, std::stop_token over)
      : timer_(executor), over_(std::move(over), [stop = stop_]() mutable { stop.request_stop(); }) {}

  void end_after(std::chrono::nanoseconds delay) {
    timer_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(delay));
    timer_.async_wait([stop = stop_](const boost::system::error_code& error) mutable {
      if (!error) stop.request_stop();
    });
  }
  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }
  [[nodiscard]] bool is_reached() const { return stop_.stop_requested(); }

 private:
  std::stop_source stop_;
  asio::steady_timer timer_;
  std::stop_callback<std::function<void()>> over_;
};

}  // namespace

Task<Result<void>> PodWorker::set_up_volumes(std::set<ConfigKey> keys) {
  auto tokens = co_await context_.tokens.tokens(pod_.wake());
  if (!tokens) {
    co_return Error{ErrorCode::kUnavailable, "MountVolume.SetUp failed for volume \"" + token_volume_of(*pod_) +
                                                 "\" : failed to fetch token: " + tokens.error().message};
  }
  auto set_up = [files = context_.files, pod = pod_.wake(), configs = context_.configs.snapshot(keys),
                 texts = std::move(*tokens)] { return files->set_up_volumes(*pod, configs, texts); };
  co_return co_await run_blocking(context_.pool, std::move(set_up));
}

Task<void> PodWorker::execute(MountVolumes) {
  // A simulated node has no volumes, so it need not follow what they show: kube-root-ca.crt for every pod, say.
  const std::set<ConfigKey> keys = context_.files ? config_references(*pod_) : container_references(*pod_);
  co_await context_.configs.follow(api::uid_of(*pod_), keys);
  if (stopping_) co_return;
  if (context_.files != nullptr) {
    state_.volumes_retry_at = kWhenSomethingChanges;
    const Result<void> done = co_await set_up_volumes(keys);
    if (stopping_) co_return;
    if (!done) {
      context_.events.warning(*pod_, "", "FailedMount", done.error().message);
      // A missing ConfigMap or Secret announces itself; everything else is tried again.
      const bool changes_meanwhile = state_.volumes_retry_at != kWhenSomethingChanges;
      if (done.error().code != ErrorCode::kNotFound && !changes_meanwhile) {
        state_.volumes_retry_at = context_.clock.now() + kRetryDelay;
      }
      co_return;
    }
    if (state_.volumes_retry_at != kWhenSomethingChanges) co_return;  // a ConfigMap changed meanwhile: once more
  }
  state_.volumes_stale = false;
  if (!std::exchange(state_.volumes_ready, true)) skip_report_ = true;
}

Task<void> PodWorker::execute(MakeSandbox action) {
  SandboxConfig config = make_sandbox_config(*pod_, action.attempt, context_.pod_max_pids);
  if (context_.files != nullptr) config.log_directory = context_.files->log_directory(api::uid_of(*pod_));
  auto made = co_await context_.runtime.run_sandbox(std::move(config));
  if (stopping_) co_return;
  if (!made) {
    state_.sandbox_retry_at = context_.clock.now() + kRetryDelay;
    context_.events.warning(*pod_, "", "FailedCreatePodSandBox",
                            "Failed to create pod sandbox: rpc error: code = Unknown desc = " + made.error().message);
    co_return;
  }
  state_.next_sandbox_attempt = action.attempt + 1;
  state_.ip = std::move(made->ip);
  state_.sandbox = SandboxMemory{std::move(made->id), made->ready};
  skip_report_ = true;
}

Task<void> PodWorker::execute(ReplaceSandbox action) {
  context_.events.normal(*pod_, "", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
  co_await stop_containers(std::chrono::seconds(0));
  co_await observe();  // takes over the last states: the containers go with their sandbox
  Leftover sandbox{action.id, true};
  co_await remove_or_leave(std::move(sandbox));
  if (!stopping_) state_.sandbox.reset();
}

void PodWorker::container_fails(const std::string& name, Waiting waiting) {
  // Events carry the reason for image trouble, whose details were told before, and the message for everything else.
  const bool image_trouble = waiting.reason.find("Image") != std::string::npos;
  context_.events.warning(*pod_, name, "Failed", "Error: " + (image_trouble ? waiting.reason : waiting.message));
  record(name).waiting = std::move(waiting);
}

Task<Result<ContainerConfig>> PodWorker::make_config(StartContainer action, Image image) {
  ContainerInputs inputs;
  inputs.pod = pod_.wake();
  inputs.name = action.name;
  inputs.attempt = action.attempt;
  inputs.image = std::move(image);
  inputs.configs = context_.configs.snapshot(config_references(*pod_));
  inputs.node = context_.node;
  inputs.capacity = context_.capacity;
  inputs.pod_ip = state_.ip.empty() ? context_.node.host_ip : state_.ip;
  const std::string target = string_at(*find_container(*pod_, action.name), {"targetContainerName"});
  if (!target.empty()) {
    const auto found = state_.containers.find(target);
    if (found == state_.containers.end() || !found->second.latest) {
      co_return Error{ErrorCode::kUnavailable, "unable to find target container " + target};
    }
    inputs.target_container_id = found->second.latest->status.id;
  }
  if (context_.files == nullptr) co_return make_container_config(inputs);
  auto prepare = [files = context_.files, inputs]() -> Result<ContainerConfig> {
    ContainerInputs complete = inputs;
    complete.users = read_user_database(complete.image.layer_directories);
    auto config = make_container_config(complete);
    if (!config) return config.error();
    auto mounts =
        files->prepare_container(*complete.pod, complete.name, complete.attempt, complete.pod_ip, config->environment);
    if (!mounts) return mounts.error();
    config->mounts = std::move(*mounts);
    config->log_path = files->log_path(api::uid_of(*complete.pod), complete.name, complete.attempt);
    return config;
  };
  co_return co_await run_blocking(context_.pool, std::move(prepare));
}

// Of the runs before the latest only one is kept, for lastState and `logs --previous`.
Task<void> PodWorker::discard_previous(std::string name) {
  const std::shared_ptr<const Attempt> previous = std::exchange(record(name).previous, nullptr);
  if (!previous) co_return;
  Leftover container{previous->status.id, false};
  co_await remove_or_leave(std::move(container));
  if (context_.files == nullptr) co_return;
  auto remove = [files = context_.files, pod = pod_.wake(), name, attempt = previous->status.attempt] {
    files->discard_attempt(api::uid_of(*pod), name, attempt);
  };
  co_await run_blocking(context_.pool, std::move(remove));
}

// The process could not be started: upstream counts that as a run that ended at once.
void PodWorker::start_failed(const std::string& name, ContainerStatus created, const std::string& message) {
  ContainerMemory& kept = record(name);
  created.state = ContainerState::kExited;
  created.exit_code = kStartErrorExitCode;
  created.started_at = TimePoint();
  created.finished_at = context_.clock.now();
  kept.latest = Attempt{std::move(created), "StartError", message, true};
  container_fails(name, Waiting{"RunContainerError", message});
}

Task<void> PodWorker::execute(StartContainer action) {
  const std::string& name = action.name;
  const Json* container = find_container(*pod_, name);
  PullLimit limit(context_.executor, over_.get_token());
  if (const auto deadline = active_deadline(*pod_)) limit.end_after(*deadline - context_.clock.now());
  RegistryCredentials credentials =
      image_credentials(*pod_, string_at(*container, {"image"}), context_.configs.snapshot(config_references(*pod_)));
  ImageStep images(context_.images, context_.pulls, context_.pool, context_.clock, context_.events,
                   context_.pull_back_off, limit.token());
  auto image = co_await images.ensure(pod_.wake(), name, record(name), std::move(credentials));
  if (limit.is_reached()) co_return;
  if (!image) {
    container_fails(name, std::move(image.error()));
    co_return;
  }
  record(name).pull_error.clear();
  auto config = co_await make_config(action, std::move(*image));
  if (stopping_) co_return;
  if (!config) {
    // What is missing or wrong announces its mending; what the disk refuses, and a container to look into, do not.
    const ErrorCode code = config.error().code;
    const bool announced = code == ErrorCode::kNotFound || code == ErrorCode::kInvalid;
    record(name).retry_at = announced ? kWhenSomethingChanges : context_.clock.now() + kRetryDelay;
    container_fails(name, Waiting{"CreateContainerConfigError", config.error().message});
    co_return;
  }
  const std::string sandbox_id = state_.sandbox->id;
  auto id = co_await context_.runtime.create_container(sandbox_id, std::move(*config));
  if (stopping_) co_return;
  if (!id) {
    record(name).retry_at = context_.clock.now() + kRetryDelay;
    container_fails(name, Waiting{"CreateContainerError", id.error().message});
    co_return;
  }
  context_.events.normal(*pod_, name, "Created", "Created container: " + name);
  const auto started = co_await context_.runtime.start_container(*id);
  if (stopping_) co_return;
  co_await discard_previous(name);

  ContainerMemory& kept = record(name);
  if (kept.latest) {
    kept.restart_back_off.advance(kept.latest->status.finished_at, context_.clock.now(), context_.restart_back_off);
  }
  let_pass(kept);
  kept.next_attempt = action.attempt + 1;
  kept.retry_at = TimePoint();
  kept.waiting.reset();
  kept.health = Health();
  if (context_.checks != nullptr) kept.health = initial_health(*find_container(*pod_, name));
  kept.restart_due = false;
  ContainerStatus status;
  if (const auto known = context_.runtime.container_status(*id)) status = *known;
  status.id = *id;
  if (!started) {
    start_failed(name, std::move(status), started.error().message);
    co_return;
  }
  context_.events.normal(*pod_, name, "Started", "Started container " + name);
  kept.latest = Attempt{std::move(status), "", "", false};
  co_await run_post_start(name);
  if (!stopping_) follow_probes();
}

Task<void> PodWorker::execute(DiscardContainer action) {
  std::optional<Attempt> created = std::move(record(action.name).latest);
  record(action.name).latest.reset();
  if (!created) co_return;
  Leftover container{created->status.id, false};
  co_await remove_or_leave(std::move(container));
}

Task<void> PodWorker::execute(DelayRestart action) {
  const std::string pod = describe_pod(*pod_);
  record(action.name).waiting =
      Waiting{"CrashLoopBackOff", "back-off " + go_duration(action.back_off) +
                                      " restarting failed container=" + action.name + " pod=" + pod};
  context_.events.warning(*pod_, action.name, "BackOff",
                          "Back-off restarting failed container " + action.name + " in pod " + pod);
  co_return;
}

Task<void> PodWorker::execute(CleanUp) {
  context_.configs.unfollow(api::uid_of(*pod_));
  context_.tokens.forget(api::uid_of(*pod_));
  std::string problem;
  if (!leftovers_.empty()) problem = "something of an earlier attempt is left";
  if (state_.sandbox) {
    const std::string sandbox_id = state_.sandbox->id;
    const auto removed = co_await context_.runtime.remove_sandbox(sandbox_id);
    if (!removed) problem = removed.error().message;
  }
  if (problem.empty() && context_.files != nullptr && !stopping_) {
    auto remove = [files = context_.files, pod = pod_.wake()] { return files->remove_pod(api::uid_of(*pod)); };
    const Result<void> removed = co_await run_blocking(context_.pool, std::move(remove));
    if (!removed) problem = removed.error().message;
  }
  if (stopping_) co_return;
  if (!problem.empty()) {
    spdlog::warn("pod {}: clean up: {}", describe_pod(*pod_), problem);
    co_await pause(kRetryDelay);
    co_return;
  }
  state_.cleaned_up = true;
}

Task<void> PodWorker::execute(ConfirmDeletion) {
  if (origin_ == PodOrigin::kStatic) {
    state_.gone_from_api = true;
    co_return;
  }
  api::DeleteOptions options;
  options.grace_period_seconds = 0;
  options.uid = api::uid_of(*pod_);
  const auto removed = co_await context_.client.remove(api::kPods, api::key_of(*pod_), options);
  if (removed || removed.error().reason == api::Reason::kNotFound || removed.error().reason == api::Reason::kConflict) {
    // Gone, or (on conflict) another pod has the name by now. Finalizers may keep the object; the node's work is done
    // anyway.
    state_.gone_from_api = true;
    co_return;
  }
  spdlog::warn("pod {}: confirm deletion: {}", describe_pod(*pod_), removed.error().message);
  co_await pause(kApiRetryDelay);
}

}  // namespace skiff::nodeagent
