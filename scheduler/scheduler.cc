#include "scheduler/scheduler.h"

#include "api/base/host_name.h"
#include "api/base/log.h"
#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "api/views/persistent_volume.h"
#include "api/views/pod.h"

#include <boost/asio/post.hpp>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <utility>

namespace skiff::scheduler {

using api::ObjectPtr;
using SteadyClock = std::chrono::steady_clock;

namespace {

// So many pods are decided before others on the executor get their turn.
constexpr int kPodsPerTurn = 16;

bool is_bound(const Json& pod) { return !string_at(pod, {"spec", "nodeName"}).empty(); }

// Whether this scheduler has to find a node for the pod.
bool waits_for_us(const Json& pod) {
  const Json* gates = find(pod, {"spec", "schedulingGates"});
  return !is_bound(pod) && !api::is_terminating(pod) && !api::is_pod_terminated(pod) &&
         (gates == nullptr || gates->empty()) &&
         string_at(pod, {"spec", "schedulerName"}, Scheduler::kName) == Scheduler::kName;
}

// Whether others see another pod than before.
bool counts_otherwise(const Json& old_pod, const Json& pod) {
  return api::labels_of(old_pod) != api::labels_of(pod) || api::is_terminating(old_pod) != api::is_terminating(pod);
}

}  // namespace

Scheduler::Scheduler(asio::any_io_executor executor, api::Client& client, api::InformerFactory& informers,
                     const Clock& clock)
    : executor_(executor),
      client_(client),
      clock_(clock),
      pods_(informers.informer(api::kPods)),
      nodes_(informers.informer(api::kNodes)),
      events_(executor, client, clock, api::EventRecorder::Source{kName, host_name(), true}),
      placer_(static_cast<std::uint32_t>(clock.now().time_since_epoch().count())),
      volumes_(informers),
      signal_(executor),
      tasks_(executor) {
  api::InformerHandlers pods;
  pods.added = [this](const ObjectPtr& pod) { on_pod(nullptr, pod); };
  pods.updated = [this](const ObjectPtr& old_pod, const ObjectPtr& pod) { on_pod(old_pod, pod); };
  pods.deleted = [this](const ObjectPtr& pod) { on_pod_gone(pod); };
  pods_.add_handlers(std::move(pods));
  api::InformerHandlers nodes;
  nodes.added = [this](const ObjectPtr& node) { on_node(node); };
  nodes.updated = [this](const ObjectPtr&, const ObjectPtr& node) { on_node(node); };
  nodes.deleted = [this](const ObjectPtr& node) { on_node_gone(node); };
  nodes_.add_handlers(std::move(nodes));
  api::InformerHandlers namespaces;
  const auto set_namespace = [this](const ObjectPtr& object) {
    cache_.namespaces().set(api::name_of(*object), api::label_attributes(*object));
  };
  namespaces.added = set_namespace;
  namespaces.updated = [set_namespace](const ObjectPtr&, const ObjectPtr& object) { set_namespace(object); };
  namespaces.deleted = [this](const ObjectPtr& object) { cache_.namespaces().remove(api::name_of(*object)); };
  informers.informer(api::kNamespaces).add_handlers(std::move(namespaces));
  volumes_.on_change([this] { wake_waiting(kVolumesChanged); });
}

void Scheduler::start() {
  events_.start();
  tasks_.spawn(run());
}

Task<void> Scheduler::stop() {
  stopping_ = true;
  signal_.notify();
  co_await tasks_.join();
  co_await events_.stop();
}

std::vector<prometheus::MetricFamily> Scheduler::metrics() { return metrics_.collect(queue_); }

void Scheduler::on_pod(const ObjectPtr& old_pod, const ObjectPtr& pod) {
  const std::string uid = api::uid_of(*pod);
  if (api::is_pod_terminated(*pod)) return on_pod_gone(pod);
  if (is_bound(*pod)) {
    queue_.remove(uid);
    return on_bound_pod(old_pod, pod);
  }
  // Its binding is on its way.
  if (cache_.knows_pod(uid)) return;
  if (!waits_for_us(*pod)) return queue_.remove(uid);
  auto info = std::make_shared<PodInfo>(pod);
  if (queue_.contains(uid)) {
    const bool changed = old_pod && (old_pod->value("spec", Json()) != pod->value("spec", Json()) ||
                                     api::labels_of(*old_pod) != api::labels_of(*pod));
    queue_.update(info, changed);
  } else {
    queue_.add(info);
  }
  signal_.notify();
}

void Scheduler::on_bound_pod(const ObjectPtr& old_pod, const ObjectPtr& pod) {
  const bool was_bound = old_pod && is_bound(*old_pod);
  if (was_bound && counts_otherwise(*old_pod, *pod)) {
    cache_.update_pod(PodInfo(pod));
    return wake_waiting(kPodChanged);
  }
  // Most updates are of the status of a pod that is counted already.
  if (!cache_.confirm_pod(api::uid_of(*pod), api::node_name_of(*pod))) cache_.add_pod(PodInfo(pod));
  if (!was_bound) wake_waiting(kPodAdded);
}

void Scheduler::on_pod_gone(const ObjectPtr& pod) {
  const std::string uid = api::uid_of(*pod);
  queue_.remove(uid);
  if (cache_.remove_pod(uid)) wake_waiting(kPodGone);
}

void Scheduler::on_node(const ObjectPtr& node) { wake_waiting(cache_.set_node(node)); }

void Scheduler::on_node_gone(const ObjectPtr& node) {
  cache_.remove_node(api::name_of(*node));
  wake_waiting(kNodeGone);
}

void Scheduler::wake_waiting(ClusterEvents events) {
  if (events == 0) return;
  queue_.happened(events, SteadyClock::now());
  signal_.notify();
}

Task<void> Scheduler::run() {
  int turns = 0;
  while (!stopping_) {
    PodInfoPtr pod;
    if (bindings_ < kMaxBindings) pod = queue_.pop(SteadyClock::now());
    if (pod) {
      schedule(pod);
      if (++turns % kPodsPerTurn == 0) co_await asio::post(executor_, asio::use_awaitable);
      continue;
    }
    const auto due = queue_.next_due();
    if (due && bindings_ < kMaxBindings) {
      co_await signal_.wait_until(*due);
    } else {
      co_await signal_.wait();
    }
  }
}

void Scheduler::schedule(const PodInfoPtr& pod) {
  const VolumeNeeds needs = volumes_.needs_of(*pod->object);
  if (!needs.problem.empty()) {
    Rejection rejection;
    rejection.nodes = cache_.nodes().size();
    rejection.everywhere = needs.problem;
    rejection.events |= kVolumesChanged;
    return report_rejection(pod, rejection);
  }
  std::vector<FilterPlugin> own_filters;
  if (!needs.empty()) own_filters.push_back(VolumeBinding::filter(needs));
  const auto begin = SteadyClock::now();
  const Placement placement = placer_.place(pod, cache_, own_filters);
  metrics_.chosen(SteadyClock::now() - begin);
  if (placement.node == nullptr) return report_rejection(pod, placement.rejection);
  if (!needs.waiting.empty()) return claim_volumes(pod, needs, *placement.node);
  cache_.assume(*pod, placement.node->name());
  ++bindings_;
  tasks_.spawn(bind(pod, placement.node->name(), queue_.attempt(pod->uid)));
}

void Scheduler::claim_volumes(const PodInfoPtr& pod, const VolumeNeeds& needs, const NodeInfo& node) {
  queue_.reject(pod->uid, kVolumesChanged, SteadyClock::now());
  for (const auto& [claim, volume] : VolumeBinding::choose(needs, node)) tasks_.spawn(reserve_volume(claim, volume));
}

// The binder of persistent volumes does the rest. Whatever goes wrong here, the pod is tried again.
Task<void> Scheduler::reserve_volume(ObjectPtr claim, ObjectPtr volume) {
  if (api::is_reserved_for(*volume, *claim)) co_return;
  Json updated = *volume;
  updated["metadata"]["annotations"][api::kBoundByController] = "yes";
  updated["spec"]["claimRef"] = {{"apiVersion", "v1"},
                                 {"kind", "PersistentVolumeClaim"},
                                 {"namespace", api::namespace_of(*claim)},
                                 {"name", api::name_of(*claim)},
                                 {"uid", api::uid_of(*claim)}};
  const api::WriteOptions options;
  const auto written = co_await client_.update(api::kPersistentVolumes, std::move(updated), options);
  if (written) co_return;
  spdlog::debug("reserve {} for {}: {}", api::name_of(*volume), api::name_of(*claim), written.error().message);
  wake_waiting(kVolumesChanged);
}

void Scheduler::report_rejection(const PodInfoPtr& pod, const Rejection& rejection) {
  using Failure = SchedulingMetrics::Failure;
  const Failure failure = rejection.broken.empty() ? Failure::kUnschedulable : Failure::kError;
  metrics_.failed(failure, queue_.attempt(pod->uid), SteadyClock::now());
  if (!rejection.broken.empty()) {
    events_.warning(*pod->object, "FailedScheduling", rejection.broken, "Scheduling");
    queue_.put_back(pod->uid, SteadyClock::now());
    return;
  }
  const bool may_preempt = string_at(*pod->object, {"spec", "preemptionPolicy"}) != "Never";
  const std::string message = rejection.message(may_preempt);
  events_.warning(*pod->object, "FailedScheduling", message, "Scheduling");
  queue_.reject(pod->uid, rejection.events, SteadyClock::now());
  tasks_.spawn(write_unschedulable(pod, message));
}

Task<void> Scheduler::bind(PodInfoPtr pod, std::string node, SchedulingAttempt attempt) {
  Json binding = {{"apiVersion", "v1"},
                  {"kind", "Binding"},
                  {"metadata", {{"name", pod->name.name}, {"namespace", pod->name.namespace_}, {"uid", pod->uid}}},
                  {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}}}};
  api::WriteOptions options;
  options.subresource = "binding";
  const auto bound = co_await client_.create(api::kPods, pod->name.namespace_, std::move(binding), options);
  --bindings_;
  signal_.notify();
  if (bound) {
    metrics_.scheduled(attempt, SteadyClock::now());
    queue_.remove(pod->uid);
    events_.normal(*pod->object, "Scheduled", "Successfully assigned " + pod->name.to_string() + " to " + node,
                   "Binding");
    co_return;
  }
  spdlog::debug("bind {} to {}: {}", pod->name.to_string(), node, bound.error().message);
  cache_.forget(pod->uid);
  if (bound.error().reason == api::Reason::kNotFound) {
    queue_.remove(pod->uid);
    co_return;
  }
  metrics_.failed(SchedulingMetrics::Failure::kError, attempt, SteadyClock::now());
  events_.warning(*pod->object, "FailedScheduling", "binding rejected: " + bound.error().message, "Scheduling");
  queue_.put_back(pod->uid, SteadyClock::now());
  wake_waiting(kPodGone);  // the room is free again
}

// Only as long as the pod is still the one that was looked at: anybody else's write will bring it back to us.
Task<void> Scheduler::write_unschedulable(PodInfoPtr pod, std::string message) {
  Json updated = *pod->object;
  const api::Condition condition{"PodScheduled", "False", "Unschedulable", message};
  if (!api::set_condition(updated, condition, clock_.now())) co_return;
  Json patch = {{"metadata", {{"uid", pod->uid}, {"resourceVersion", api::resource_version_of(*pod->object)}}},
                {"status", {{"conditions", updated.at("status").at("conditions")}}}};
  api::WriteOptions options;
  options.subresource = "status";
  const auto written = co_await client_.patch(api::kPods, pod->name, api::PatchType::kMerge, std::move(patch), options);
  if (!written) spdlog::debug("status of {}: {}", pod->name.to_string(), written.error().message);
}

}  // namespace skiff::scheduler
