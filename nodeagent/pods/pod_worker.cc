#include "nodeagent/pods/pod_worker.h"

#include "api/base/log.h"
#include "api/views/conditions.h"
#include "nodeagent/metrics/agent_metrics.h"
#include "nodeagent/pods/config_objects.h"
#include "nodeagent/pods/pod_view.h"
#include "nodeagent/pods/termination_message.h"
#include "nodeagent/probes/pod_prober.h"
#include "nodeagent/same_document.h"

namespace skiff::nodeagent {

namespace {

constexpr std::chrono::seconds kStatusRetryDelay{1};
constexpr std::chrono::seconds kRemovalRetryDelay{10};
constexpr int kMaxStatusTries = 8;

std::string reason_of_exit(const ContainerStatus& status) {
  if (status.oom_killed) return "OOMKilled";
  return status.exit_code == 0 ? "Completed" : "Error";
}

// The next attempt's number for a container that only its reported status remembers.
std::uint32_t attempt_after(const Json& pod, const std::string& name) {
  const Json* reported = find_container_status(pod, name);
  if (reported == nullptr || string_at(*reported, {"containerID"}).empty()) return 0;
  return static_cast<std::uint32_t>(integer_at(*reported, {"restartCount"})) + 1;
}

// What an earlier agent's probes said of a container that still runs stays true until new ones say otherwise.
Health adopted_health(const Json& pod, const ContainerStatus& status) {
  const Json* container = find_container(pod, status.name);
  Health health = container != nullptr ? initial_health(*container) : Health();
  const Json* reported = find_container_status(pod, status.name);
  if (reported == nullptr || !string_at(*reported, {"containerID"}).ends_with("://" + status.id)) return health;
  health.started = health.started || bool_at(*reported, {"started"});
  health.ready = health.ready || bool_at(*reported, {"ready"});
  return health;
}

// What others say of the pod's readiness gates, in their order.
std::vector<std::string> gate_statuses(const Json& pod) {
  std::vector<std::string> statuses;
  const Json* gates = find(pod, {"spec", "readinessGates"});
  if (gates == nullptr) return statuses;
  for (const Json& gate : *gates) statuses.push_back(api::condition_status(pod, string_at(gate, {"conditionType"})));
  return statuses;
}

// Whether a pod that did not run yet does by its new status.
bool begins_to_run(const Json& pod, const Json& status) {
  return string_at(status, {"phase"}) == "Running" && string_at(pod, {"status", "phase"}, "Pending") == "Pending";
}

// What of a pod the agent acts upon; a new status of its own making is no news.
bool asks_for_the_same(const Json& a, const Json& b) {
  for (const std::string_view member : {"deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations"}) {
    const Json* left = find(a, {"metadata", member});
    const Json* right = find(b, {"metadata", member});
    if ((left == nullptr) != (right == nullptr) || (left != nullptr && *left != *right)) return false;
  }
  return a.at("spec") == b.at("spec") && api::is_pod_terminated(a) == api::is_pod_terminated(b) &&
         gate_statuses(a) == gate_statuses(b);
}

}  // namespace

PodWorker::PodWorker(PodContext& context, api::ObjectPtr pod, PodOrigin origin)
    : context_(context), name_(api::key_of(*pod)), origin_(origin) {
  keep(std::move(pod));
  for (const Json* list : {&init_containers_of(*pod_), &containers_of(*pod_), &ephemeral_containers_of(*pod_)}) {
    for (const Json& container : *list) {
      const std::string name = string_at(container, {"name"});
      record(name).next_attempt = attempt_after(*pod_, name);
    }
  }
}

void PodWorker::adopt(const std::vector<SandboxStatus>& sandboxes, const std::vector<ContainerStatus>& containers) {
  for (const SandboxStatus& found : sandboxes) {
    std::optional<SandboxStatus>& newest = state_.sandbox;
    if (newest && newest->key.attempt > found.key.attempt) {
      leftovers_.push_back(Leftover{found.id, true});
      continue;
    }
    if (newest) leftovers_.push_back(Leftover{newest->id, true});
    newest = found;
    state_.ip = found.ip;
    state_.next_sandbox_attempt = found.key.attempt + 1;
  }
  std::vector<ContainerStatus> sorted = containers;
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.attempt < b.attempt; });
  for (ContainerStatus& status : sorted) {
    ContainerMemory& kept = record(status.name);
    if (kept.previous) leftovers_.push_back(Leftover{kept.previous->status.id, false});
    kept.previous = std::move(kept.latest);
    kept.next_attempt = std::max(kept.next_attempt, status.attempt + 1);
    kept.health = adopted_health(*pod_, status);
    const bool exited = status.state == ContainerState::kExited;
    kept.latest = Attempt{status, exited ? reason_of_exit(status) : "", "", false};
  }
}

bool PodWorker::set_pod(api::ObjectPtr pod) {
  if (resource_version(*pod) <= pod_version_) return false;
  const bool news = !asks_for_the_same(*pod_, *pod);
  keep(std::move(pod));
  if (news) announce();
  if (!news && !signal_) pod_.rest();
  return news;
}

void PodWorker::keep(api::ObjectPtr pod) {
  pod_version_ = resource_version(*pod);
  pod_ = std::move(pod);
}

void PodWorker::set_gone() {
  state_.gone_from_api = true;
  announce();
}

// The document says so as that of a deleted pod would: all that follows is the same.
void PodWorker::end_static_pod() {
  Json ending = *pod_;
  ending["metadata"]["deletionTimestamp"] = format_time(context_.clock.now());
  ending["metadata"]["deletionGracePeriodSeconds"] = grace_period(*pod_).count();
  keep(std::make_shared<const Json>(std::move(ending)));
  announce();
}

bool PodWorker::take_gates(const Json& mirror) {
  const Json* gates = find(*pod_, {"spec", "readinessGates"});
  if (gates == nullptr) return false;
  Json changed = *pod_;
  bool news = false;
  for (const Json& gate : *gates) {
    const Json* said = api::find_condition(mirror, string_at(gate, {"conditionType"}));
    if (said == nullptr) continue;
    const api::Condition condition{string_at(*said, {"type"}), string_at(*said, {"status"}),
                                   string_at(*said, {"reason"}), string_at(*said, {"message"})};
    news = api::set_condition(changed, condition, context_.clock.now()) || news;
  }
  if (news) keep(std::make_shared<const Json>(std::move(changed)));
  return news;
}

void PodWorker::fail(PodFailure failure) {
  state_.failure = std::move(failure);
  announce();
}

void PodWorker::accept(api::ObjectPtr pod) {
  if (api::uid_of(*pod) != api::uid_of(*pod_)) {
    state_.gone_from_api = true;
  } else if (set_pod(std::move(pod))) {
    changed_ = true;
  }
}

void PodWorker::configs_changed() {
  for (auto& [name, kept] : state_.containers) {
    if (kept.waiting && kept.waiting->reason == "CreateContainerConfigError") kept.retry_at = TimePoint();
  }
  state_.volumes_retry_at = TimePoint();
  state_.volumes_stale = true;
}

bool PodWorker::wake() {
  changed_ = true;
  announce();
  if (signal_) {
    signal_->notify();
    return false;
  }
  if (stopping_) return false;
  signal_ = std::make_shared<Signal>(context_.executor);
  return true;
}

void PodWorker::stop() {
  stopping_ = true;
  if (signal_) signal_->notify();
  if (prober_) prober_->stop();
  announce();
}

void PodWorker::announce() {
  if (stopping_ || state_.gone_from_api || state_.failure || api::is_terminating(*pod_)) over_.request_stop();
  for (const Signal* waiter : waiters_) waiter->notify();
}

Task<bool> PodWorker::wait_until(std::function<bool()> done, std::chrono::steady_clock::time_point deadline) {
  Signal woken(context_.executor);
  waiters_.insert(&woken);
  bool in_time = true;
  while (in_time && !stopping_ && !done()) in_time = co_await woken.wait_until(deadline);
  waiters_.erase(&woken);
  co_return done();
}

Task<void> PodWorker::run() {
  const auto self = shared_from_this();
  while (!stopping_ && !is_done()) {
    changed_ = false;
    co_await remove_leftovers();
    co_await observe();
    if (stopping_) break;
    follow_probes();
    // A new sandbox alone is not worth a write that its containers would wait for.
    if (!std::exchange(skip_report_, false)) co_await report_status();
    if (stopping_) break;
    Plan next = plan(*pod_, state_, context_.clock.now(), context_.restart_back_off);
    if (next.actions.empty()) {
      if (changed_) continue;
      const auto wake_at = wakes_at(next.wake_at);
      if (!wake_at) break;
      const auto delay = *wake_at - context_.clock.now();
      co_await pause(delay);
      continue;
    }
    const auto begin = std::chrono::steady_clock::now();
    for (const Action& action : next.actions) {
      if (stopping_ || changed_) break;
      auto step = std::visit([this](auto chosen) { return execute(std::move(chosen)); }, action);
      co_await std::move(step);
    }
    measure_work(begin);
  }
  signal_.reset();
  pod_.rest();
}

void PodWorker::measure_work(std::chrono::steady_clock::time_point begin) {
  using Operation = AgentMetrics::PodOperation;
  const bool is_first = !std::exchange(has_worked_, true);
  if (context_.metrics == nullptr) return;
  Operation operation = is_first ? Operation::kCreate : Operation::kSync;
  if (api::is_terminating(*pod_) || state_.gone_from_api) operation = Operation::kKill;
  context_.metrics->pod_worked(operation, std::chrono::steady_clock::now() - begin);
}

void PodWorker::measure_start() {
  if (context_.metrics != nullptr) context_.metrics->pod_started(std::chrono::steady_clock::now() - first_seen_);
}

Task<void> PodWorker::pause(std::chrono::nanoseconds delay) {
  const auto until = std::chrono::steady_clock::now() + delay;
  const std::shared_ptr<Signal> signal = signal_;
  co_await signal->wait_until(until);
}

std::optional<TimePoint> PodWorker::wakes_at(std::optional<TimePoint> planned) const {
  for (const auto& again_at : {report_again_at_, remove_again_at_}) {
    if (again_at && (!planned || *again_at < *planned)) planned = again_at;
  }
  return planned;
}

Task<Result<void>> PodWorker::remove(Leftover leftover) {
  if (!leftover.is_sandbox) co_return co_await context_.runtime.remove_container(leftover.id);
  auto stopped = co_await context_.runtime.stop_sandbox(leftover.id);
  if (!stopped) co_return stopped;
  co_return co_await context_.runtime.remove_sandbox(leftover.id);
}

Task<void> PodWorker::remove_or_leave(Leftover leftover) {
  const Result<void> removed = co_await remove(leftover);
  if (removed || stopping_) co_return;
  spdlog::warn("pod {}: remove what an earlier attempt left: {}", describe_pod(*pod_), removed.error().message);
  leftovers_.push_back(std::move(leftover));
  remove_again_at_ = context_.clock.now() + kRemovalRetryDelay;
}

Task<void> PodWorker::remove_leftovers() {
  if (remove_again_at_ && context_.clock.now() < *remove_again_at_) co_return;
  remove_again_at_.reset();
  const std::vector<Leftover> leftovers = std::exchange(leftovers_, {});
  for (const Leftover& leftover : leftovers) {
    if (stopping_) co_return;
    co_await remove_or_leave(leftover);
  }
}

Task<void> PodWorker::observe() {
  observe_sandbox();
  std::vector<std::string> names;
  for (const auto& [name, kept] : state_.containers) names.push_back(name);
  for (const std::string& name : names) co_await observe_container(name);
}

void PodWorker::observe_sandbox() {
  if (!state_.sandbox) return;
  const auto status = context_.runtime.sandbox_status(state_.sandbox->id);
  if (status) {
    state_.sandbox = *status;
  } else {
    state_.sandbox->ready = false;
  }
}

Task<void> PodWorker::observe_container(std::string name) {
  ContainerMemory& kept = record(name);
  if (!kept.latest || kept.latest->settled) co_return;
  Attempt& latest = *kept.latest;
  const auto status = context_.runtime.container_status(latest.status.id);
  if (!status) {
    latest.status.state = ContainerState::kExited;
    latest.status.exit_code = 137;
    latest.status.finished_at = context_.clock.now();
    latest.exit_reason = "ContainerStatusUnknown";
    latest.exit_message = "The container could not be located when the pod was terminated";
    latest.settled = true;
    co_return;
  }
  latest.status = *status;
  if (latest.status.state != ContainerState::kExited) co_return;
  latest.exit_reason = reason_of_exit(latest.status);
  latest.settled = true;
  if (context_.files == nullptr) co_return;
  auto read = [files = context_.files, pod = pod_.wake(), run = latest.status] {
    return read_termination_message(*files, *pod, run);
  };
  latest.exit_message = co_await run_blocking(context_.pool, std::move(read));
}

void PodWorker::follow_probes() {
  if (!prober_) {
    if (context_.checks == nullptr || !has_probes(*pod_) || !any_container_runs(state_)) return;
    auto decided = [weak = weak_from_this()](const std::string& container, const std::string& id, ProbeKind kind,
                                             bool passed) {
      if (const auto self = weak.lock()) self->probe_decided(container, id, kind, passed);
    };
    PodProber::Environment environment{*context_.checks, context_.events, context_.clock, context_.executor,
                                       context_.tasks};
    prober_ = std::make_shared<PodProber>(std::move(environment), std::move(decided));
  }
  prober_->follow(pod_.wake(), state_);
}

void PodWorker::probe_decided(const std::string& container, const std::string& id, ProbeKind kind, bool passed) {
  ContainerMemory& kept = record(container);
  if (!is_running(kept) || kept.latest->status.id != id) return;
  if (kind == ProbeKind::kReadiness) {
    kept.health.ready = passed;
  } else if (!passed) {
    kept.health.failed = kind;
  } else if (kind == ProbeKind::kStartup) {
    kept.health.started = true;
  }
  context_.wake(api::uid_of(*pod_));
}

// A static pod's document is ours alone: its status stays there.
void PodWorker::keep_status() {
  Json status = make_status(*pod_, state_, context_.node, context_.clock.now());
  const Json* kept = find(*pod_, {"status"});
  if (kept != nullptr && same_document(status, *kept)) return;
  if (begins_to_run(*pod_, status)) measure_start();
  Json changed = *pod_;
  changed["status"] = std::move(status);
  keep(std::make_shared<const Json>(std::move(changed)));
  context_.static_pod_changed(pod_.wake());
}

// Writes status when it says something new. Somebody else's write in between is no reason to give up: the status is
// made again from the pod as it is now.
Task<void> PodWorker::report_status() {
  report_again_at_.reset();
  if (origin_ == PodOrigin::kStatic) {
    keep_status();
    co_return;
  }
  for (int tries = 0; tries < kMaxStatusTries; ++tries) {
    if (state_.gone_from_api || stopping_) co_return;
    Json status = make_status(*pod_, state_, context_.node, context_.clock.now());
    const Json* reported = find(*pod_, {"status"});
    if (reported != nullptr && same_document(status, *reported)) co_return;

    // The news of our own write may come before the answer to it.
    const bool begins = begins_to_run(*pod_, status);
    Json object = *pod_;
    object["status"] = std::move(status);
    api::WriteOptions options;
    options.field_manager = "kubelet";
    options.subresource = "status";
    auto written = co_await context_.client.update(api::kPods, std::move(object), options);
    if (written) {
      if (begins) measure_start();
      accept(std::move(*written));
      co_return;
    }
    if (written.error().reason == api::Reason::kNotFound) {
      state_.gone_from_api = true;
      co_return;
    }
    if (written.error().reason != api::Reason::kConflict) {
      spdlog::warn("pod {}: write status: {}", describe_pod(*pod_), written.error().message);
      break;
    }
    auto fresh = co_await context_.client.get(api::kPods, api::key_of(*pod_));
    if (fresh) {
      accept(std::move(*fresh));
    } else if (fresh.error().reason == api::Reason::kNotFound) {
      state_.gone_from_api = true;
    }
  }
  report_again_at_ = context_.clock.now() + kStatusRetryDelay;
}

}  // namespace skiff::nodeagent
