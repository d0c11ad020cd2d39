#include "server/controllers/daemon_set/daemon_set_controller.h"

#include "api/client/indexes.h"
#include "api/views/meta.h"
#include "server/controllers/claim.h"
#include "server/controllers/daemon_set/daemon_pod.h"
#include "server/controllers/keys.h"
#include "server/controllers/orphans.h"
#include "server/controllers/remove_object.h"
#include "server/controllers/write_status.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

// A sync looks at all nodes, and daemon pods change by the hundred: waiting a little turns many syncs into one.
constexpr std::chrono::microseconds kDelayPerNode{100};

}  // namespace

DaemonSetController::DaemonSetController(const Context& context)
    : client_(context.client),
      clock_(context.clock),
      daemon_sets_(context.informers.informer(api::kDaemonSets)),
      nodes_(context.informers.informer(api::kNodes)),
      revisions_(context.informers.informer(api::kControllerRevisions)),
      controller_(context.executor, context.queue_metrics, "daemonset", kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }),
      pods_(context,
            OwnedPods::Owners{api::kDaemonSets, label_selector_of,
                              [this](const Json& daemon_set, bool) { enqueue_soon(key_text(daemon_set)); }},
            "daemonset-controller") {
  add_orphan_indexes(daemon_sets_, revisions_);

  api::InformerHandlers daemon_sets;
  daemon_sets.added = [this](const ObjectPtr& daemon_set) { controller_.enqueue(key_text(*daemon_set)); };
  daemon_sets.updated = [this](const ObjectPtr&, const ObjectPtr& daemon_set) {
    controller_.enqueue(key_text(*daemon_set));
  };
  daemon_sets.deleted = daemon_sets.added;
  daemon_sets_.add_handlers(std::move(daemon_sets));
  api::InformerHandlers nodes;
  nodes.added = [this](const ObjectPtr&) { enqueue_all(); };
  nodes.updated = [this](const ObjectPtr& old_node, const ObjectPtr& node) { on_node_changed(old_node, node); };
  nodes.deleted = nodes.added;
  nodes_.add_handlers(std::move(nodes));
  api::InformerHandlers revisions;
  revisions.added = [this](const ObjectPtr& revision) { on_revision(revision); };
  revisions.updated = [this](const ObjectPtr&, const ObjectPtr& revision) { on_revision(revision); };
  revisions.deleted = revisions.added;
  revisions_.add_handlers(std::move(revisions));
}

void DaemonSetController::start() {
  pods_.start();
  controller_.start();
}

Task<void> DaemonSetController::stop() {
  co_await controller_.stop();
  co_await pods_.stop();
}

// What a pod's fit depends on; nodes report their condition far more often than that changes.
void DaemonSetController::on_node_changed(const ObjectPtr& old_node, const ObjectPtr& node) {
  const bool same = api::labels_of(*old_node) == api::labels_of(*node) &&
                    old_node->value("spec", Json()) == node->value("spec", Json());
  if (!same) enqueue_all();
}

void DaemonSetController::on_revision(const ObjectPtr& revision) {
  const Json* owner = api::controller_of(*revision);
  if (owner == nullptr || string_at(*owner, {"kind"}) != api::kDaemonSets.kind) return;
  const api::NamespacedName name{api::namespace_of(*revision), string_at(*owner, {"name"})};
  if (daemon_sets_.cache().get(name)) controller_.enqueue(name.to_string());
}

void DaemonSetController::enqueue_all() {
  for (const api::NamespacedName& name : daemon_sets_.cache().names()) enqueue_soon(name.to_string());
}

void DaemonSetController::enqueue_soon(const std::string& key) {
  controller_.enqueue_after(key, kDelayPerNode * static_cast<std::int64_t>(nodes_.cache().size()));
}

Task<api::Result<void>> DaemonSetController::sync(std::string key) {
  const ObjectPtr daemon_set = daemon_sets_.cache().get(parse_key(key));
  if (!daemon_set) {
    pods_.forget(key);
    co_return api::Result<void>();
  }
  const auto selector = label_selector_of(*daemon_set);
  if (!selector) co_return api::Result<void>();
  if (selector->empty()) {
    pods_.events().warning(*daemon_set, "SelectingAll",
                           "This daemon set is selecting all pods. A non-empty selector is required.");
    co_return api::Result<void>();
  }
  // Its revisions may be going already; without them there is no telling which pods are up to date.
  if (api::is_terminating(*daemon_set)) co_return api::Result<void>();
  // Read before anything waits: what is created meanwhile has not been counted yet.
  const bool may_act = pods_.up_to_date(key);

  std::vector<ObjectPtr> candidates = adoption_candidates(revisions_, *daemon_set);
  const auto revisions =
      co_await claim(client_, api::kDaemonSets, daemon_set, api::kControllerRevisions, *selector, candidates);
  if (!revisions) co_return revisions.error();
  const HistoryPlan history = plan_history(*daemon_set, *revisions);
  const auto hash = co_await keep_history(daemon_set, history);
  if (!hash) co_return hash.error();
  const auto owned = co_await pods_.claim(daemon_set);
  if (!owned) co_return owned.error();
  for (const ObjectPtr& duplicate : history.duplicates) {
    const api::Result<void> dropped = co_await drop_duplicate(duplicate, *hash, *owned);
    if (!dropped) co_return dropped.error();
  }
  // Their pods have other labels now; the events of that cause the next sync.
  if (!history.duplicates.empty()) co_return api::Result<void>();

  const std::vector<ObjectPtr> nodes = nodes_.cache().list();
  const DaemonPods pods = by_target_node(*owned);
  api::Result<void> acted;
  if (may_act) {
    DaemonPlan plan = plan_daemon_set(*daemon_set, nodes, pods, *hash, backoff_, clock_.now());
    acted = co_await act(key, daemon_set, std::move(plan), *hash);
  }
  const TimePoint now = clock_.now();
  DaemonStatus status = daemon_set_status(*daemon_set, nodes, pods, *hash, may_act, now);
  if (status.next_available) controller_.enqueue_after(key, *status.next_available - now);
  const api::Result<void> written =
      co_await write_status(client_, api::kDaemonSets, daemon_set, std::move(status.status));
  if (!acted) co_return acted.error();
  if (!written) co_return written.error();
  std::vector<ObjectPtr> surplus = surplus_history(*daemon_set, history.old, *owned);
  co_return co_await remove_revisions(std::move(surplus));
}

Task<api::Result<std::string>> DaemonSetController::keep_history(ObjectPtr daemon_set, HistoryPlan plan) {
  if (!plan.current) co_return co_await create_revision(daemon_set, plan.number);
  if (integer_at(*plan.current, {"revision"}) < plan.number) {
    Json renumbered = *plan.current;
    renumbered["revision"] = plan.number;
    const api::WriteOptions options;
    const auto updated = co_await client_.update(api::kControllerRevisions, std::move(renumbered), options);
    if (!updated) co_return updated.error();
  }
  co_return hash_of(*plan.current);
}

Task<api::Result<std::string>> DaemonSetController::create_revision(ObjectPtr daemon_set, std::int64_t number) {
  Json revision = new_revision(*daemon_set, number);
  const std::string hash = hash_of(revision);
  const api::NamespacedName name = api::key_of(revision);
  const api::WriteOptions options;
  const auto created =
      co_await client_.create(api::kControllerRevisions, name.namespace_, std::move(revision), options);
  if (created) co_return hash;
  if (created.error().reason != api::Reason::kAlreadyExists) co_return created.error();
  const auto existing = co_await client_.get(api::kControllerRevisions, name);
  if (!existing) co_return existing.error();
  // The cache has not seen it yet.
  const bool same_template = (*existing)->value("data", Json()) == revision_data(*daemon_set);
  if (api::is_controlled_by(**existing, *daemon_set) && same_template) co_return hash;
  // Another template has the same hash: the next try has another one.
  Json status = daemon_set->value("status", Json::object());
  status["collisionCount"] = integer_at(status, {"collisionCount"}) + 1;
  const api::Result<void> written = co_await write_status(client_, api::kDaemonSets, daemon_set, std::move(status));
  if (!written) co_return written.error();
  co_return created.error();
}

Task<api::Result<void>> DaemonSetController::drop_duplicate(ObjectPtr revision, std::string hash,
                                                            std::vector<ObjectPtr> pods) {
  for (const ObjectPtr& pod : pods) {
    const std::string* pod_hash = api::label_of(*pod, kRevisionHashLabel);
    if (pod_hash == nullptr || *pod_hash != hash_of(*revision)) continue;
    Json patch{{"metadata", {{"uid", api::uid_of(*pod)}, {"labels", {{kRevisionHashLabel, hash}}}}}};
    const api::NamespacedName name = api::key_of(*pod);
    const api::WriteOptions options;
    const auto patched = co_await client_.patch(api::kPods, name, api::PatchType::kMerge, std::move(patch), options);
    if (!patched && patched.error().reason != api::Reason::kNotFound) co_return patched.error();
  }
  std::vector<ObjectPtr> duplicates{revision};
  co_return co_await remove_revisions(std::move(duplicates));
}

Task<api::Result<void>> DaemonSetController::act(std::string key, ObjectPtr daemon_set, DaemonPlan plan,
                                                 std::string hash) {
  report_ended(*daemon_set, plan);
  const TimePoint now = clock_.now();
  if (plan.check_again_at) controller_.enqueue_after(key, *plan.check_again_at - now);
  PodChanges changes;
  changes.create = plan.create.size();
  changes.make = [daemon_set, hash, nodes = std::move(plan.create)](std::size_t index) {
    return daemon_pod(*daemon_set, nodes[index], hash);
  };
  changes.remove = std::move(plan.remove);
  if (changes.empty()) co_return api::Result<void>();
  const auto failure = co_await pods_.change(key, daemon_set, std::move(changes));
  if (!failure) co_return api::Result<void>();
  api::Status retry;
  retry.message = failure->message;
  co_return retry;
}

void DaemonSetController::report_ended(const Json& daemon_set, const DaemonPlan& plan) {
  const auto found = [](const char* how, const ObjectPtr& pod) {
    return "Found " + std::string(how) + " daemon pod " + api::key_of(*pod).to_string() + " on node " +
           target_node(*pod);
  };
  for (const ObjectPtr& pod : plan.failed) {
    backoff_.count(FailedPodBackoff::key(api::uid_of(daemon_set), target_node(*pod)), clock_.now());
    pods_.events().warning(daemon_set, "FailedDaemonPod", found("failed", pod) + ", will try to kill it");
  }
  for (const ObjectPtr& pod : plan.succeeded) {
    pods_.events().normal(daemon_set, "SucceededDaemonPod", found("succeeded", pod) + ", will try to delete it");
  }
}

Task<api::Result<void>> DaemonSetController::remove_revisions(std::vector<ObjectPtr> revisions) {
  for (const ObjectPtr& revision : revisions) {
    api::DeleteOptions options;
    const auto removed = co_await remove_object(client_, api::kControllerRevisions, revision, std::move(options));
    if (!removed) co_return removed.error();
  }
  co_return api::Result<void>();
}

}  // namespace skiff::controllers
