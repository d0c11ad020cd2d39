#include "server/controllers/node_lifecycle/node_lifecycle_controller.h"

#include "api/base/log.h"
#include "api/client/indexes.h"
#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/node_lifecycle/health.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

constexpr const char* kLeaseNamespace = "kube-node-lease";

std::string heartbeat_of(const Json& node) {
  const Json* ready = api::find_condition(node, "Ready");
  return ready == nullptr ? "" : string_at(*ready, {"lastHeartbeatTime"});
}

// What of a node makes a difference here.
bool looks_the_same(const Json& a, const Json& b) {
  return a.value("spec", Json()) == b.value("spec", Json()) && find(a, {"status", "conditions"}) != nullptr &&
         find(b, {"status", "conditions"}) != nullptr && a["status"]["conditions"] == b["status"]["conditions"];
}

// The condition with another status, and all else as it was.
void set_status(Json& pod, const char* type, const char* status, TimePoint now) {
  const Json* present = api::find_condition(pod, type);
  const api::Condition condition{type, status, string_at(*present, {"reason"}), string_at(*present, {"message"})};
  api::set_condition(pod, condition, now);
}

}  // namespace

NodeLifecycleController::NodeLifecycleController(const Context& context, NodeLifecycleOptions options)
    : client_(context.client),
      clock_(context.clock),
      options_(std::move(options)),
      nodes_(context.informers.informer(api::kNodes)),
      leases_(context.informers.informer(api::kLeases)),
      pods_(context.informers.informer(api::kPods)),
      events_(context.executor, context.client, context.clock, api::EventRecorder::Source{"node-controller", ""}),
      controller_(context.executor, context.queue_metrics, "node_lifecycle_controller", kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }) {
  follow_nodes();
  follow_leases();
  follow_pods();
}

void NodeLifecycleController::start() {
  events_.start();
  controller_.start();
}

Task<void> NodeLifecycleController::stop() {
  co_await controller_.stop();
  co_await events_.stop();
}

void NodeLifecycleController::follow_nodes() {
  api::InformerHandlers handlers;
  handlers.added = [this](const ObjectPtr& node) {
    const std::string name = api::name_of(*node);
    heard_of(name);
    set_ready(name, api::is_condition_true(*node, "Ready"));
    controller_.enqueue(name);
    if (!is_local(name)) {
      events_.normal(*node, "RegisteredNode", "Node " + name + " event: Registered Node " + name + " in Controller");
    }
  };
  handlers.updated = [this](const ObjectPtr& old_node, const ObjectPtr& node) { on_node(old_node, node); };
  handlers.deleted = [this](const ObjectPtr& node) {
    set_ready(api::name_of(*node), false);
    last_heard_.erase(api::name_of(*node));
  };
  nodes_.add_handlers(std::move(handlers));
}

void NodeLifecycleController::on_node(const ObjectPtr& old_node, const ObjectPtr& node) {
  if (heartbeat_of(*old_node) != heartbeat_of(*node)) heard_of(api::name_of(*node));
  if (looks_the_same(*old_node, *node)) return;
  controller_.enqueue(api::name_of(*node));
  set_ready(api::name_of(*node), api::is_condition_true(*node, "Ready"));
}

TimePoint NodeLifecycleController::alive_until(const std::string& node_name) const {
  if (is_local(node_name)) return TimePoint::max();
  const auto heard = last_heard_.find(node_name);
  return heard == last_heard_.end() ? TimePoint::min() : heard->second + options_.grace_period;
}

void NodeLifecycleController::heard_of(const std::string& node_name) {
  const bool is_ready = alive_.erase({alive_until(node_name), node_name}) > 0;
  last_heard_[node_name] = clock_.now();
  if (is_ready) alive_.emplace(alive_until(node_name), node_name);
}

void NodeLifecycleController::set_ready(const std::string& node_name, bool ready) {
  const bool was_any = !alive_.empty();
  if (ready) {
    alive_.emplace(alive_until(node_name), node_name);
  } else {
    alive_.erase({alive_until(node_name), node_name});
  }
  if (was_any != alive_.empty()) return;
  // It is the first that is ready, or was the last: now the others are judged otherwise.
  for (const ObjectPtr& other : nodes_.cache().list()) {
    if (!api::is_condition_true(*other, "Ready")) controller_.enqueue(api::name_of(*other));
  }
}

void NodeLifecycleController::follow_leases() {
  const auto renewed = [this](const ObjectPtr& lease) {
    if (api::namespace_of(*lease) == kLeaseNamespace) heard_of(api::name_of(*lease));
  };
  api::InformerHandlers handlers;
  handlers.added = renewed;
  handlers.updated = [renewed](const ObjectPtr& old_lease, const ObjectPtr& lease) {
    if (string_at(*old_lease, {"spec", "renewTime"}) != string_at(*lease, {"spec", "renewTime"})) renewed(lease);
  };
  leases_.add_handlers(std::move(handlers));
}

void NodeLifecycleController::follow_pods() {
  pods_.add_index(api::kByNode, api::by_node);
  const auto look = [this](const ObjectPtr& pod) {
    if (!api::is_pod_ready(*pod)) return;
    const ObjectPtr node = nodes_.cache().get({"", api::node_name_of(*pod)});
    if (node && !api::is_condition_true(*node, "Ready")) controller_.enqueue(api::name_of(*node));
  };
  api::InformerHandlers handlers;
  handlers.added = look;
  handlers.updated = [look](const ObjectPtr&, const ObjectPtr& pod) { look(pod); };
  pods_.add_handlers(std::move(handlers));
}

std::chrono::nanoseconds NodeLifecycleController::time_left(const Json& node) const {
  const bool has_reported = api::find_condition(node, "Ready") != nullptr;
  const std::chrono::nanoseconds grace = has_reported ? options_.grace_period : kStartupGracePeriod;
  const auto heard = last_heard_.find(api::name_of(node));
  return heard == last_heard_.end() ? grace : heard->second + grace - clock_.now();
}

// One that is overdue does not count, though its turn may not have come yet.
bool NodeLifecycleController::is_any_node_ready() const {
  return !alive_.empty() && alive_.rbegin()->first > clock_.now();
}

Task<api::Result<void>> NodeLifecycleController::sync(std::string key) {
  ObjectPtr node = nodes_.cache().get({"", key});
  if (!node) co_return api::Result<void>();
  if (!is_local(key)) {
    const api::Result<ObjectPtr> judged = co_await judge(node);
    if (!judged) co_return judged.error();
    node = *judged;
  }
  const api::Result<void> tainted = co_await set_taints(node);
  if (!tainted) co_return tainted.error();
  const std::string ready = api::condition_status(*node, "Ready");
  if (ready.empty() || ready == "True") co_return api::Result<void>();
  co_return co_await mark_pods_not_ready(key);
}

Task<api::Result<ObjectPtr>> NodeLifecycleController::judge(ObjectPtr node) {
  const std::string name = api::name_of(*node);
  const std::chrono::nanoseconds left = time_left(*node);
  if (left.count() > 0) {
    controller_.enqueue_after(name, left);
    co_return node;
  }
  Json updated = *node;
  if (!mark_unknown(updated, clock_.now())) co_return node;
  spdlog::warn("node {}: nothing heard of it any more", name);
  api::WriteOptions options;
  options.subresource = "status";
  const api::Result<ObjectPtr> written = co_await client_.update(api::kNodes, std::move(updated), options);
  if (!written) co_return written.error();
  if (api::is_condition_true(*node, "Ready")) {
    events_.normal(*node, "NodeNotReady", "Node " + name + " status is now: NodeNotReady");
  }
  co_return *written;
}

Task<api::Result<void>> NodeLifecycleController::set_taints(ObjectPtr node) {
  const bool evicts = !api::is_condition_true(*node, "Ready") && is_any_node_ready();
  Json taints = wanted_taints(*node, evicts, clock_.now());
  const Json* present = find(*node, {"spec", "taints"});
  if (present == nullptr ? taints.empty() : *present == taints) co_return api::Result<void>();
  Json updated = *node;
  if (taints.empty()) {
    updated["spec"].erase("taints");
  } else {
    updated["spec"]["taints"] = std::move(taints);
  }
  const api::Result<ObjectPtr> written = co_await client_.update(api::kNodes, std::move(updated), api::WriteOptions());
  if (!written && written.error().reason != api::Reason::kNotFound) co_return written.error();
  co_return api::Result<void>();
}

// Traffic must not go to pods of which nobody knows how they are.
Task<api::Result<void>> NodeLifecycleController::mark_pods_not_ready(std::string node_name) {
  for (const ObjectPtr& pod : pods_.cache().by_index(api::kByNode, node_name)) {
    if (!api::is_pod_ready(*pod)) continue;
    Json updated = *pod;
    set_status(updated, "Ready", "False", clock_.now());
    api::WriteOptions options;
    options.subresource = "status";
    const api::Result<ObjectPtr> written = co_await client_.update(api::kPods, std::move(updated), options);
    if (!written && written.error().reason == api::Reason::kNotFound) continue;
    if (!written) co_return written.error();
    events_.warning(*pod, "NodeNotReady", "Node is not ready");
  }
  co_return api::Result<void>();
}

}  // namespace skiff::controllers
