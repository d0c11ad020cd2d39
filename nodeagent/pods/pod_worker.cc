#include "nodeagent/pods/pod_worker.h"

#include "api/base/log.h"
#include "api/views/conditions.h"
#include "nodeagent/metrics/agent_metrics.h"
#include "nodeagent/pods/pod_view.h"
#include "nodeagent/probes/pod_prober.h"

namespace skiff::nodeagent {

namespace {

constexpr std::chrono::seconds kRemovalRetryDelay{10};

// The next attempt's number for a container that only its reported status remembers.
std::uint32_t attempt_after(const Json& pod, const std::string& name) {
  const Json* reported = find_container_status(pod, name);
  if (reported == nullptr || string_at(*reported, {"containerID"}).empty()) return 0;
  return static_cast<std::uint32_t>(integer_at(*reported, {"restartCount"})) + 1;
}

// What others say of the pod's readiness gates, in their order.
std::vector<std::string> gate_statuses(const Json& pod) {
  std::vector<std::string> statuses;
  const Json* gates = find(pod, {"spec", "readinessGates"});
  if (gates == nullptr) return statuses;
  for (const Json& gate : *gates) statuses.push_back(api::condition_status(pod, string_at(gate, {"conditionType"})));
  return statuses;
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
  state_.failure = std::make_shared<PodFailure>(std::move(failure));
  announce();
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

Task<void> PodWorker::run(Turns::Turn turn) {
  const auto self = shared_from_this();
  turn_ = std::move(turn);
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
  turn_ = {};
}

void PodWorker::measure_work(std::chrono::steady_clock::time_point begin) {
  using Operation = AgentMetrics::PodOperation;
  const bool is_first = !std::exchange(has_worked_, true);
  if (context_.metrics == nullptr) return;
  Operation operation = is_first ? Operation::kCreate : Operation::kSync;
  if (api::is_terminating(*pod_) || state_.gone_from_api) operation = Operation::kKill;
  context_.metrics->pod_worked(operation, std::chrono::steady_clock::now() - begin);
}

Task<void> PodWorker::pause(std::chrono::nanoseconds delay) {
  const auto until = std::chrono::steady_clock::now() + delay;
  const std::shared_ptr<Signal> signal = signal_;
  turn_ = {};
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

}  // namespace skiff::nodeagent
