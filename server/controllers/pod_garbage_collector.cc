#include "server/controllers/pod_garbage_collector.h"

#include "api/client/indexes.h"
#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/keys.h"
#include "server/controllers/remove_object.h"
#include "server/controllers/write_status.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

PodGarbageCollector::PodGarbageCollector(const Context& context, std::chrono::nanoseconds quarantine)
    : client_(context.client),
      clock_(context.clock),
      quarantine_(quarantine),
      pods_(context.informers.informer(api::kPods)),
      nodes_(context.informers.informer(api::kNodes)),
      controller_(context.executor, context.queue_metrics, "orphaned_pods_nodes", kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }) {
  pods_.add_index(api::kByNode, api::by_node);
  api::InformerHandlers pods;
  pods.added = [this](const ObjectPtr& pod) { on_pod(pod); };
  pods.updated = [this](const ObjectPtr& old_pod, const ObjectPtr& pod) {
    const bool changed = api::node_name_of(*old_pod) != api::node_name_of(*pod) ||
                         api::is_terminating(*old_pod) != api::is_terminating(*pod);
    if (changed) on_pod(pod);
  };
  pods_.add_handlers(std::move(pods));
  api::InformerHandlers nodes;
  nodes.deleted = [this](const ObjectPtr& node) {
    for (const ObjectPtr& pod : pods_.cache().by_index(api::kByNode, api::name_of(*node))) on_pod(pod);
  };
  nodes_.add_handlers(std::move(nodes));
}

void PodGarbageCollector::on_pod(const ObjectPtr& pod) {
  const std::string node = api::node_name_of(*pod);
  if (node.empty()) {
    if (api::is_terminating(*pod)) controller_.enqueue(key_text(*pod));
  } else if (!nodes_.cache().get({"", node})) {
    controller_.enqueue_after(key_text(*pod), quarantine_);
  }
}

Task<api::Result<void>> PodGarbageCollector::sync(std::string key) {
  const ObjectPtr pod = pods_.cache().get(parse_key(key));
  if (!pod) co_return api::Result<void>();
  const std::string node = api::node_name_of(*pod);
  if (node.empty()) {
    if (!api::is_terminating(*pod)) co_return api::Result<void>();
    const api::Result<void> marked = co_await mark_failed(pod, false);
    if (!marked) co_return marked.error();
    co_return co_await remove(pod);
  }
  if (nodes_.cache().get({"", node})) co_return api::Result<void>();
  const api::Result<bool> gone = co_await node_is_gone(node);
  if (!gone) co_return gone.error();
  if (!*gone) co_return api::Result<void>();
  const api::Result<void> marked = co_await mark_failed(pod, true);
  if (!marked) co_return marked.error();
  co_return co_await remove(pod);
}

// The cache may be behind.
Task<api::Result<bool>> PodGarbageCollector::node_is_gone(std::string node) {
  const api::NamespacedName name{"", node};
  const api::Result<ObjectPtr> live = co_await client_.get(api::kNodes, name);
  if (live) co_return false;
  if (live.error().reason == api::Reason::kNotFound) co_return true;
  co_return live.error();
}

Task<api::Result<void>> PodGarbageCollector::mark_failed(ObjectPtr pod, bool has_lost_node) {
  if (api::is_pod_terminated(*pod)) co_return api::Result<void>();
  Json updated = *pod;
  updated["status"]["phase"] = "Failed";
  if (has_lost_node) {
    const api::Condition condition{"DisruptionTarget", "True", "DeletionByPodGC", "PodGC: node no longer exists"};
    api::set_condition(updated, condition, clock_.now());
  }
  co_return co_await write_status(client_, api::kPods, pod, std::move(updated["status"]));
}

Task<api::Result<void>> PodGarbageCollector::remove(ObjectPtr pod) {
  api::DeleteOptions options;
  options.grace_period_seconds = 0;
  co_return co_await remove_object(client_, api::kPods, pod, std::move(options));
}

}  // namespace skiff::controllers
