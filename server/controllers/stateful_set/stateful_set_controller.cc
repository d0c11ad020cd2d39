#include "server/controllers/stateful_set/stateful_set_controller.h"

#include "api/views/meta.h"
#include "server/controllers/claim.h"
#include "server/controllers/keys.h"
#include "server/controllers/orphans.h"
#include "server/controllers/remove_object.h"
#include "server/controllers/stateful_set/identity.h"
#include "server/controllers/write_status.h"

#include <algorithm>
#include <set>
#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

constexpr const char* kRevisionHash = "controller.kubernetes.io/hash";

Json with_template_of(const Json& set, const Json& revision) {
  Json revised = set;
  if (const Json* pod_template = find(revision, {"data", "spec", "template"})) {
    revised["spec"]["template"] = *pod_template;
    revised["spec"]["template"].erase("$patch");
  }
  return revised;
}

}  // namespace

StatefulSetController::StatefulSetController(const Context& context)
    : client_(context.client),
      clock_(context.clock),
      sets_(context.informers.informer(api::kStatefulSets)),
      pods_(context.informers.informer(api::kPods)),
      claims_(context.informers.informer(api::kPersistentVolumeClaims)),
      revisions_(context.informers.informer(api::kControllerRevisions)),
      events_(context.executor, context.client, context.clock,
              api::EventRecorder::Source{"statefulset-controller", ""}),
      controller_(context.executor, context.queue_metrics, "statefulset", kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }) {
  add_orphan_indexes(sets_, pods_);
  add_orphan_indexes(sets_, revisions_);
  api::InformerHandlers sets;
  sets.added = [this](const ObjectPtr& set) { on_set(set); };
  sets.updated = [this](const ObjectPtr&, const ObjectPtr& set) { on_set(set); };
  sets.deleted = sets.added;
  sets_.add_handlers(std::move(sets));
  api::InformerHandlers pods;
  pods.added = [this](const ObjectPtr& pod) { on_pod(pod); };
  pods.updated = [this](const ObjectPtr& old_pod, const ObjectPtr& pod) {
    if (api::controller_of(*old_pod) != nullptr && api::controller_of(*pod) == nullptr) on_pod(old_pod);
    on_pod(pod);
  };
  pods.deleted = pods.added;
  pods_.add_handlers(std::move(pods));
  api::InformerHandlers claims;
  claims.deleted = [this](const ObjectPtr& claim) { on_claim_gone(*claim); };
  claims_.add_handlers(std::move(claims));
}

void StatefulSetController::start() {
  events_.start();
  controller_.start();
}

Task<void> StatefulSetController::stop() {
  co_await controller_.stop();
  co_await events_.stop();
}

void StatefulSetController::on_set(const ObjectPtr& set) { controller_.enqueue(key_text(*set)); }

// The set that controls it; for an orphan all sets of its namespace that it may be a pod of.
void StatefulSetController::on_pod(const ObjectPtr& pod) {
  const std::string namespace_ = api::namespace_of(*pod);
  const Json* owner = api::controller_of(*pod);
  if (owner != nullptr) {
    if (string_at(*owner, {"kind"}) != api::kStatefulSets.kind) return;
    const ObjectPtr set = sets_.cache().get({namespace_, string_at(*owner, {"name"})});
    if (set && api::uid_of(*set) == string_at(*owner, {"uid"})) on_set(set);
    return;
  }
  for (const ObjectPtr& set : possible_owners(sets_, *pod)) {
    if (ordinal_of(*set, *pod)) on_set(set);
  }
}

// A pod may be waiting for its claim to be gone, or miss it.
void StatefulSetController::on_claim_gone(const Json& claim) {
  for (const ObjectPtr& set : sets_.cache().list(api::namespace_of(claim))) {
    const bool may_be_of_set = api::name_of(claim).find("-" + api::name_of(*set) + "-") != std::string::npos;
    if (may_be_of_set) on_set(set);
  }
}

Task<api::Result<void>> StatefulSetController::sync(std::string key) {
  const ObjectPtr set = sets_.cache().get(parse_key(key));
  // While it is being deleted, its pods and revisions go by themselves.
  if (!set || api::is_terminating(*set)) co_return api::Result<void>();
  const auto pods = co_await claim_pods(set);
  if (!pods) co_return pods.error();
  const auto revisions = co_await keep_history(set);
  if (!revisions) co_return revisions.error();

  const TimePoint now = clock_.now();
  StatefulPlan plan = plan_stateful_set(revisions->update, *pods, now);
  StatefulStatus status = stateful_set_status(revisions->current, revisions->update, *pods, now);
  if (status.next_available) controller_.enqueue_after(key, *status.next_available - now);
  const api::Result<void> done = co_await carry_out(set, *revisions, std::move(plan));
  const api::Result<void> written = co_await write_status(client_, api::kStatefulSets, set, std::move(status.status));
  if (!done) co_return done.error();
  if (!written) co_return written.error();
  co_return co_await forget_history(set, *revisions, *pods);
}

Task<api::Result<std::vector<ObjectPtr>>> StatefulSetController::claim_pods(ObjectPtr set) {
  const auto selector = api::LabelSelector::from_object(set->at("spec").value("selector", Json()));
  if (!selector) co_return std::vector<ObjectPtr>();
  std::vector<ObjectPtr> named = adoption_candidates(pods_, *set);
  std::erase_if(named, [&](const ObjectPtr& pod) { return !ordinal_of(*set, *pod); });
  co_return co_await claim(client_, api::kStatefulSets, set, api::kPods, *selector, named);
}

Task<api::Result<StatefulSetController::Revisions>> StatefulSetController::keep_history(ObjectPtr set) {
  const auto selector = api::LabelSelector::from_object(set->at("spec").value("selector", Json()));
  if (!selector) co_return selector.error();
  const std::vector<ObjectPtr> known = adoption_candidates(revisions_, *set);
  const auto owned = co_await claim(client_, api::kStatefulSets, set, api::kControllerRevisions, *selector, known);
  if (!owned) co_return owned.error();
  const HistoryPlan plan = plan_history(*set, *owned);
  const auto update = co_await update_revision(set, plan);
  if (!update) co_return update.error();

  Revisions revisions;
  revisions.update = RevisedSet{api::name_of(**update), *set};
  revisions.current = revisions.update;
  const std::string current = string_at(*set, {"status", "currentRevision"});
  for (const ObjectPtr& revision : *owned) {
    const std::string name = api::name_of(*revision);
    if (name == current) revisions.current = RevisedSet{name, with_template_of(*set, *revision)};
    if (name != current && name != revisions.update.revision) revisions.surplus_candidates.push_back(revision);
  }
  co_return revisions;
}

// The revision of the present template, which is made, or made the newest, first.
Task<api::Result<ObjectPtr>> StatefulSetController::update_revision(ObjectPtr set, HistoryPlan plan) {
  const api::WriteOptions options;
  if (plan.current && integer_at(*plan.current, {"revision"}) == plan.number) co_return plan.current;
  if (plan.current) {
    Json renumbered = *plan.current;
    renumbered["revision"] = plan.number;
    co_return co_await client_.update(api::kControllerRevisions, std::move(renumbered), options);
  }
  Json revision = make_revision(api::kStatefulSets, *set, kRevisionHash, plan.number);
  const api::NamespacedName name = api::key_of(revision);
  const auto created =
      co_await client_.create(api::kControllerRevisions, name.namespace_, std::move(revision), options);
  if (created || created.error().reason != api::Reason::kAlreadyExists) co_return created;
  const auto existing = co_await client_.get(api::kControllerRevisions, name);
  if (!existing) co_return existing.error();
  // The cache has not seen it yet.
  const bool is_ours =
      api::is_controlled_by(**existing, *set) && (*existing)->value("data", Json()) == revision_data(*set);
  if (is_ours) co_return *existing;
  // Another template has the same hash: the next try has another one.
  Json status = set->value("status", Json::object());
  status["collisionCount"] = integer_at(status, {"collisionCount"}) + 1;
  const api::Result<void> written = co_await write_status(client_, api::kStatefulSets, set, std::move(status));
  if (!written) co_return written.error();
  co_return created.error();
}

Task<api::Result<void>> StatefulSetController::forget_history(ObjectPtr set, Revisions revisions,
                                                              std::vector<ObjectPtr> pods) {
  std::set<std::string> in_use;
  for (const ObjectPtr& pod : pods) in_use.insert(pod_revision_of(*pod));
  std::vector<ObjectPtr>& old = revisions.surplus_candidates;
  std::erase_if(old, [&](const ObjectPtr& revision) { return in_use.contains(api::name_of(*revision)); });
  std::sort(old.begin(), old.end(), has_lower_number);
  const auto kept = static_cast<std::size_t>(integer_at(*set, {"spec", "revisionHistoryLimit"}, 10));
  for (std::size_t i = 0; i + kept < old.size(); ++i) {
    api::DeleteOptions options;
    const auto removed = co_await remove_object(client_, api::kControllerRevisions, old[i], std::move(options));
    if (!removed) co_return removed.error();
  }
  co_return api::Result<void>();
}

}  // namespace skiff::controllers
