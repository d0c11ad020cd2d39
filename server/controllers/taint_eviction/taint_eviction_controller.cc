#include "server/controllers/taint_eviction/taint_eviction_controller.h"

#include "api/client/indexes.h"
#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/keys.h"
#include "server/controllers/remove_object.h"
#include "server/controllers/taint_eviction/eviction_delay.h"
#include "server/controllers/write_status.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

std::vector<api::Taint> no_execute_taints(const Json& node) {
  std::vector<api::Taint> taints = api::taints_of(node);
  std::erase_if(taints, [](const api::Taint& taint) { return taint.effect != "NoExecute"; });
  return taints;
}

}  // namespace

TaintEvictionController::TaintEvictionController(const Context& context)
    : client_(context.client),
      clock_(context.clock),
      nodes_(context.informers.informer(api::kNodes)),
      pods_(context.informers.informer(api::kPods)),
      events_(context.executor, context.client, context.clock,
              api::EventRecorder::Source{"taint-eviction-controller", ""}),
      controller_(context.executor, context.queue_metrics, "noexec_taint_pod", kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }) {
  pods_.add_index(api::kByNode, api::by_node);
  api::InformerHandlers nodes;
  nodes.added = [this](const ObjectPtr& node) { on_node(node); };
  nodes.updated = [this](const ObjectPtr& old_node, const ObjectPtr& node) {
    const Json* before = find(*old_node, {"spec", "taints"});
    const Json* now = find(*node, {"spec", "taints"});
    if (before != nullptr && now != nullptr && *before == *now) return;
    if (before != nullptr || now != nullptr) on_node(node);
  };
  nodes.deleted = [this](const ObjectPtr& node) { forget_node(api::name_of(*node)); };
  nodes_.add_handlers(std::move(nodes));
  api::InformerHandlers pods;
  pods.added = [this](const ObjectPtr& pod) { on_pod(pod); };
  pods.updated = [this](const ObjectPtr&, const ObjectPtr& pod) { on_pod(pod); };
  pods.deleted = [this](const ObjectPtr& pod) { waiting_.erase(key_text(*pod)); };
  pods_.add_handlers(std::move(pods));
}

void TaintEvictionController::start() {
  events_.start();
  controller_.start();
}

Task<void> TaintEvictionController::stop() {
  co_await controller_.stop();
  co_await events_.stop();
}

void TaintEvictionController::on_node(const ObjectPtr& node) {
  std::vector<api::Taint> taints = no_execute_taints(*node);
  if (taints.empty()) {
    forget_node(api::name_of(*node));
    return;
  }
  tainted_[api::name_of(*node)] = std::move(taints);
  enqueue_pods_of(api::name_of(*node));
}

void TaintEvictionController::forget_node(const std::string& name) {
  if (tainted_.erase(name) > 0) enqueue_pods_of(name);
}

void TaintEvictionController::enqueue_pods_of(const std::string& node_name) {
  for (const ObjectPtr& pod : pods_.cache().by_index(api::kByNode, node_name)) controller_.enqueue(key_text(*pod));
}

void TaintEvictionController::on_pod(const ObjectPtr& pod) {
  if (!tainted_.empty() && tainted_.contains(api::node_name_of(*pod))) controller_.enqueue(key_text(*pod));
}

void TaintEvictionController::spare(const std::string& key) {
  if (waiting_.erase(key) == 0) return;
  if (const ObjectPtr pod = pods_.cache().get(parse_key(key))) {
    events_.normal(*pod, "TaintManagerEviction", "Cancelling deletion of Pod " + key);
  }
}

Task<api::Result<void>> TaintEvictionController::sync(std::string key) {
  const ObjectPtr pod = pods_.cache().get(parse_key(key));
  if (!pod || api::is_terminating(*pod)) {
    waiting_.erase(key);
    co_return api::Result<void>();
  }
  const auto taints = tainted_.find(api::node_name_of(*pod));
  std::optional<std::chrono::seconds> delay;
  if (taints != tainted_.end()) delay = eviction_delay(taints->second, api::tolerations_of(*pod));
  if (!delay) {
    spare(key);
    co_return api::Result<void>();
  }
  Waiting& waiting = waiting_[key];
  if (waiting.uid != api::uid_of(*pod)) waiting = Waiting{api::uid_of(*pod), clock_.now()};
  const std::chrono::nanoseconds left = waiting.since + *delay - clock_.now();
  if (left.count() > 0) {
    controller_.enqueue_after(key, left);
    co_return api::Result<void>();
  }
  co_return co_await evict(pod);
}

Task<api::Result<void>> TaintEvictionController::evict(ObjectPtr pod) {
  events_.normal(*pod, "TaintManagerEviction", "Marking for deletion Pod " + key_text(*pod));
  Json updated = *pod;
  const api::Condition target{"DisruptionTarget", "True", "DeletionByTaintManager",
                              "Taint manager: deleting due to NoExecute taint"};
  api::set_condition(updated, target, clock_.now());
  const api::Result<void> marked = co_await write_status(client_, api::kPods, pod, std::move(updated["status"]));
  if (!marked) co_return marked.error();
  api::DeleteOptions options;
  co_return co_await remove_object(client_, api::kPods, pod, std::move(options));
}

}  // namespace skiff::controllers
