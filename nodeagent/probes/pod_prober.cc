#include "nodeagent/probes/pod_prober.h"

#include "nodeagent/pods/pod_view.h"

namespace skiff::nodeagent {

namespace {

constexpr const char* kProbeAgent = "kube-probe/1.32";
constexpr ProbeKind kKinds[] = {ProbeKind::kStartup, ProbeKind::kLiveness, ProbeKind::kReadiness};
using Verdict = CheckResult::Verdict;

const Json* find_probe(const Json& container, ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kStartup:
      return find(container, {"startupProbe"});
    case ProbeKind::kLiveness:
      return find(container, {"livenessProbe"});
    case ProbeKind::kReadiness:
      return find(container, {"readinessProbe"});
  }
  return nullptr;
}

}  // namespace

Health initial_health(const Json& container) {
  Health health;
  health.started = find_probe(container, ProbeKind::kStartup) == nullptr;
  health.ready = find_probe(container, ProbeKind::kReadiness) == nullptr;
  return health;
}

bool has_probes(const Json& pod) {
  for (const Json* list : {&init_containers_of(pod), &containers_of(pod)}) {
    for (const Json& container : *list) {
      for (const ProbeKind kind : kKinds) {
        if (find_probe(container, kind) != nullptr) return true;
      }
    }
  }
  return false;
}

PodProber::PodProber(Environment environment, Listener listener)
    : environment_(std::move(environment)), listener_(std::move(listener)) {}

bool PodProber::may_run(const Key& key, const Health& health) const {
  if (api::is_terminating(*pod_) && key.second != ProbeKind::kReadiness) return false;
  if (health.failed) return key.second == ProbeKind::kReadiness;
  return health.started != (key.second == ProbeKind::kStartup);
}

void PodProber::follow_container(const Json& container, const ContainerMemory& record) {
  for (const ProbeKind kind : kKinds) {
    const Json* wanted = find_probe(container, kind);
    if (wanted == nullptr) continue;
    const Key key{string_at(container, {"name"}), kind};
    const auto known = probes_.find(key);
    const bool wants = is_running(record) && may_run(key, record.health);
    const bool same_run =
        known != probes_.end() && record.latest && known->second.container_id == record.latest->status.id;
    if (known != probes_.end() && !(wants && same_run)) probes_.erase(known);
    if (!wants || same_run) continue;
    const ContainerStatus& status = record.latest->status;
    Probe probe{status.id, ProbeSeries(probe_settings(*wanted), status.started_at), std::nullopt};
    if (kind == ProbeKind::kLiveness) probe.told = true;
    if (kind == ProbeKind::kReadiness) probe.told = record.health.ready;
    probes_.emplace(key, std::move(probe));
  }
}

void PodProber::follow(api::ObjectPtr pod, const PodState& state) {
  pod_ = std::move(pod);
  pod_ip_ = string_at(*pod_, {"status", "podIP"}, state.ip);
  for (const Json* list : {&init_containers_of(*pod_), &containers_of(*pod_)}) {
    for (const Json& container : *list) {
      const auto record = state.containers.find(string_at(container, {"name"}));
      if (record != state.containers.end()) follow_container(container, record->second);
    }
  }
  if (signal_) {
    signal_->notify();
  } else if (!probes_.empty() && !stopped_) {
    signal_ = std::make_shared<Signal>(environment_.executor);
    environment_.tasks.spawn(run());
  }
}

void PodProber::stop() {
  stopped_ = true;
  probes_.clear();
  if (signal_) signal_->notify();
}

// When the next one of the others is due.
std::optional<TimePoint> PodProber::start_due(TimePoint now) {
  std::optional<TimePoint> next;
  std::vector<std::pair<Key, std::string>> begun;
  for (auto& [key, waiting] : probes_) {
    const auto due = waiting.series.due();
    if (!due) continue;
    if (*due <= now) {
      waiting.series.begin(now);
      begun.emplace_back(key, waiting.container_id);
    } else if (!next || *due < *next) {
      next = due;
    }
  }
  for (const auto& [key, id] : begun) environment_.tasks.spawn(probe(key, id));
  return next;
}

Task<void> PodProber::run() {
  const auto self = shared_from_this();
  while (!probes_.empty()) {
    const TimePoint now = environment_.clock.now();
    const std::optional<TimePoint> next = start_due(now);
    auto deadline = std::chrono::steady_clock::time_point::max();
    if (next) deadline = std::chrono::steady_clock::now() + (*next - now);
    const std::shared_ptr<Signal> signal = signal_;
    co_await signal->wait_until(deadline);
  }
  signal_.reset();
}

Task<void> PodProber::probe(Key key, std::string container_id) {
  const auto self = shared_from_this();
  const Json* container = find_container(*pod_, key.first);
  const Json* wanted = container != nullptr ? find_probe(*container, key.second) : nullptr;
  if (wanted == nullptr) co_return;
  CheckResult result;
  auto check = make_check(*wanted, CheckTarget{*container, container_id, pod_ip_}, kProbeAgent);
  if (check) {
    const auto timeout = probe_settings(*wanted).timeout;
    result = co_await environment_.checks.run(std::move(*check), timeout);
  } else {
    result.verdict = Verdict::kUnknown;
    result.output = check.error().message;
  }

  const auto found = probes_.find(key);
  if (found == probes_.end() || found->second.container_id != container_id) co_return;  // nobody asks any more
  say(key, result);
  std::optional<bool> decided;
  if (result.verdict == Verdict::kUnknown) {
    found->second.series.drop();
  } else {
    decided = found->second.series.count(result.verdict != Verdict::kFailed);
  }
  if (signal_) signal_->notify();
  if (!decided || decided == found->second.told) co_return;
  found->second.told = decided;
  if (key.second == ProbeKind::kStartup || (key.second == ProbeKind::kLiveness && !*decided))
    found->second.series.end();
  listener_(key.first, container_id, key.second, *decided);
}

void PodProber::say(const Key& key, const CheckResult& result) {
  const std::string probe = std::string(name_of(key.second)) + " probe ";
  switch (result.verdict) {
    case Verdict::kPassed:
      break;
    case Verdict::kWarned:
      environment_.events.warning(*pod_, key.first, "ProbeWarning", probe + "warning: " + result.output);
      break;
    case Verdict::kFailed:
      environment_.events.warning(*pod_, key.first, "Unhealthy", probe + "failed: " + result.output);
      break;
    case Verdict::kUnknown:
      environment_.events.warning(*pod_, key.first, "Unhealthy",
                                  probe + "errored and resulted in unknown state: " + result.output);
      break;
  }
}

}  // namespace skiff::nodeagent
