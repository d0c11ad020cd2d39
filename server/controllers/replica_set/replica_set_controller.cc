#include "server/controllers/replica_set/replica_set_controller.h"

#include "api/client/indexes.h"
#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "server/controllers/claim.h"
#include "server/controllers/keys.h"
#include "server/controllers/namespace_child.h"

#include <algorithm>
#include <set>
#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

// A sync looks at all pods of a set, and pods of large sets change by the hundred: waiting a little, in proportion to
// the work, turns many syncs into one.
constexpr std::chrono::microseconds kDelayPerReplica{20};

// Finds out with one request whether the server takes pods at all before sending many.
constexpr int kFirstBatch = 1;

}  // namespace

ReplicaSetController::ReplicaSetController(const Context& context)
    : executor_(context.executor),
      client_(context.client),
      clock_(context.clock),
      replica_sets_(context.informers.informer(api::kReplicaSets)),
      pods_(context.informers.informer(api::kPods)),
      events_(context.executor, context.client, context.clock, api::EventRecorder::Source{"replicaset-controller", ""}),
      controller_(context.executor, "replicaset", kWorkers, [this](std::string key) { return sync(std::move(key)); }) {
  replica_sets_.add_index(api::kByController, api::by_controller);
  pods_.add_index(api::kByController, api::by_controller);

  api::InformerHandlers sets;
  sets.added = [this](const ObjectPtr& set) { on_replica_set(set); };
  sets.updated = [this](const ObjectPtr&, const ObjectPtr& set) { on_replica_set(set); };
  sets.deleted = [this](const ObjectPtr& set) {
    expectations_.forget(key_text(*set));
    on_replica_set(set);
  };
  replica_sets_.add_handlers(std::move(sets));
  api::InformerHandlers pods;
  pods.added = [this](const ObjectPtr& pod) { on_pod_added(pod); };
  pods.updated = [this](const ObjectPtr& old_pod, const ObjectPtr& pod) { on_pod_updated(old_pod, pod); };
  pods.deleted = [this](const ObjectPtr& pod) { on_pod_deleted(pod); };
  pods_.add_handlers(std::move(pods));
}

void ReplicaSetController::start() {
  events_.start();
  controller_.start();
}

Task<void> ReplicaSetController::stop() {
  co_await controller_.stop();
  co_await events_.stop();
}

void ReplicaSetController::on_replica_set(const ObjectPtr& replica_set) { controller_.enqueue(key_text(*replica_set)); }

void ReplicaSetController::on_pod_added(const ObjectPtr& pod) {
  if (api::is_terminating(*pod)) return on_pod_deleted(pod);
  if (api::controller_of(*pod) == nullptr) return enqueue_matching(*pod);
  const ObjectPtr set = controller_set(*pod);
  if (!set) return;
  const std::string key = key_text(*set);
  expectations_.creation_observed(key);
  // The last one that was waited for: there may be more to create.
  if (expectations_.satisfied(key, clock_.now())) return controller_.enqueue(key);
  enqueue_soon(*set);
}

void ReplicaSetController::on_pod_updated(const ObjectPtr& old_pod, const ObjectPtr& pod) {
  // The end of a pod counts from the moment it is asked to stop: its replacement does not wait for it.
  if (api::is_terminating(*pod) && !api::is_terminating(*old_pod)) return on_pod_deleted(pod);
  const ObjectPtr set = controller_set(*pod);
  const ObjectPtr old_set = controller_set(*old_pod);
  if (old_set && old_set != set) enqueue_soon(*old_set);
  if (set) return enqueue_soon(*set);
  const bool is_orphan = api::controller_of(*pod) == nullptr;
  const bool may_match_now = old_set || api::labels_of(*pod) != api::labels_of(*old_pod);
  if (is_orphan && may_match_now) enqueue_matching(*pod);
}

void ReplicaSetController::on_pod_deleted(const ObjectPtr& pod) {
  const ObjectPtr set = controller_set(*pod);
  if (!set) return;
  expectations_.deletion_observed(key_text(*set), api::uid_of(*pod));
  enqueue_soon(*set);
}

ObjectPtr ReplicaSetController::controller_set(const Json& pod) const {
  const Json* owner = api::controller_of(pod);
  if (owner == nullptr || string_at(*owner, {"kind"}) != api::kReplicaSets.kind) return nullptr;
  ObjectPtr set = replica_sets_.cache().get({api::namespace_of(pod), string_at(*owner, {"name"})});
  if (!set || api::uid_of(*set) != string_at(*owner, {"uid"})) return nullptr;
  return set;
}

void ReplicaSetController::enqueue_soon(const Json& replica_set) {
  controller_.enqueue_after(key_text(replica_set), kDelayPerReplica * integer_at(replica_set, {"spec", "replicas"}, 1));
}

void ReplicaSetController::enqueue_matching(const Json& pod) {
  for (const ObjectPtr& set : replica_sets_.cache().list(api::namespace_of(pod))) {
    const auto selector = api::LabelSelector::from_object(set->at("spec").value("selector", Json()));
    if (selector && selector->matches_object_labels(api::labels_of(pod))) enqueue_soon(*set);
  }
}

Task<api::Result<void>> ReplicaSetController::sync(std::string key) {
  const ObjectPtr set = replica_sets_.cache().get(parse_key(key));
  if (!set) {
    expectations_.forget(key);
    co_return api::Result<void>();
  }
  const auto selector = api::LabelSelector::from_object(set->at("spec").value("selector", Json()));
  if (!selector) co_return api::Result<void>();  // no retry makes it valid
  // Read before the claim waits: what is created during it has not been counted yet.
  const bool may_change = expectations_.satisfied(key, clock_.now()) && !api::is_terminating(*set);
  auto owned = co_await claim(client_, api::kReplicaSets, set, api::kPods, *selector, candidates(*set));
  if (!owned) co_return owned.error();
  std::vector<ObjectPtr>& pods = *owned;
  std::erase_if(pods, [](const ObjectPtr& pod) { return !is_active(*pod); });

  Failure failure;
  if (may_change) failure = co_await manage_replicas(key, set, pods);
  const api::Result<void> written = co_await write_status(key, set, pods, failure);
  if (!failure) co_return written;
  api::Status retry;
  retry.message = failure->message;
  co_return retry;
}

Task<ReplicaSetController::Failure> ReplicaSetController::manage_replicas(std::string key, ObjectPtr replica_set,
                                                                          std::vector<ObjectPtr> pods) {
  std::map<std::string, int> on_nodes;
  const auto wanted = static_cast<std::size_t>(integer_at(*replica_set, {"spec", "replicas"}, 1));
  if (pods.size() > wanted) on_nodes = neighbours(*replica_set);
  ReplicaPlan plan = plan_replicas(*replica_set, pods, on_nodes, clock_.now());
  if (plan.create > 0) co_return co_await create_pods(key, replica_set, plan.create);
  if (!plan.remove.empty()) co_return co_await remove_pods(key, replica_set, std::move(plan.remove));
  co_return std::nullopt;
}

// In batches that double in size, so that a server that refuses is not asked hundreds of times.
Task<ReplicaSetController::Failure> ReplicaSetController::create_pods(std::string key, ObjectPtr replica_set,
                                                                      int count) {
  expectations_.expect_creations(key, count, clock_.now());
  TaskGroup batch(executor_);
  Failure failure;
  for (int size = kFirstBatch; count > 0 && !failure; size *= 2) {
    const int in_batch = std::min(size, count);
    for (int i = 0; i < in_batch; ++i) batch.spawn(create_pod(key, replica_set, &failure));
    co_await batch.join();
    count -= in_batch;
  }
  // Those that were not even tried.
  if (count > 0) expectations_.creation_observed(key, count);
  co_return failure;
}

Task<void> ReplicaSetController::create_pod(std::string key, ObjectPtr replica_set, Failure* failure) {
  Json pod = pod_from_template(*replica_set);
  const std::string namespace_ = api::namespace_of(*replica_set);
  const api::WriteOptions options;
  const api::Result<ObjectPtr> created = co_await client_.create(api::kPods, namespace_, std::move(pod), options);
  if (created) {
    events_.normal(*replica_set, "SuccessfulCreate", "Created pod: " + api::name_of(**created));
    co_return;
  }
  expectations_.creation_observed(key);
  // The ReplicaSet itself will be gone soon.
  if (is_namespace_terminating(created.error())) co_return;
  events_.warning(*replica_set, "FailedCreate", "Error creating: " + created.error().message);
  *failure = ReplicaFailure{"FailedCreate", created.error().message};
}

Task<ReplicaSetController::Failure> ReplicaSetController::remove_pods(std::string key, ObjectPtr replica_set,
                                                                      std::vector<ObjectPtr> pods) {
  std::set<std::string> uids;
  for (const ObjectPtr& pod : pods) uids.insert(api::uid_of(*pod));
  expectations_.expect_deletions(key, std::move(uids), clock_.now());
  TaskGroup batch(executor_);
  Failure failure;
  for (const ObjectPtr& pod : pods) batch.spawn(remove_pod(key, replica_set, pod, &failure));
  co_await batch.join();
  co_return failure;
}

Task<void> ReplicaSetController::remove_pod(std::string key, ObjectPtr replica_set, ObjectPtr pod, Failure* failure) {
  api::DeleteOptions options;
  options.uid = api::uid_of(*pod);
  const api::NamespacedName name = api::key_of(*pod);
  const api::Result<ObjectPtr> removed = co_await client_.remove(api::kPods, name, options);
  if (removed) {
    events_.normal(*replica_set, "SuccessfulDelete", "Deleted pod: " + name.name);
    co_return;
  }
  expectations_.deletion_observed(key, options.uid);
  const api::Reason reason = removed.error().reason;
  if (reason == api::Reason::kNotFound || reason == api::Reason::kConflict) co_return;  // gone, or another pod by now
  events_.warning(*replica_set, "FailedDelete", "Error deleting: " + removed.error().message);
  *failure = ReplicaFailure{"FailedDelete", removed.error().message};
}

Task<api::Result<void>> ReplicaSetController::write_status(std::string key, ObjectPtr replica_set,
                                                           std::vector<ObjectPtr> pods, Failure failure) {
  const TimePoint now = clock_.now();
  ReplicaSetStatus computed = replica_set_status(*replica_set, pods, failure, now);
  if (computed.next_available) controller_.enqueue_after(key, *computed.next_available - now);
  if (replica_set->value("status", Json()) == computed.status) co_return api::Result<void>();
  Json updated = *replica_set;
  updated["status"] = std::move(computed.status);
  api::WriteOptions options;
  options.subresource = "status";
  const api::Result<ObjectPtr> written = co_await client_.update(api::kReplicaSets, std::move(updated), options);
  if (!written && written.error().reason != api::Reason::kNotFound) co_return written.error();
  co_return api::Result<void>();
}

// The pods that may be the set's: its own and the orphans of its namespace.
std::vector<ObjectPtr> ReplicaSetController::candidates(const Json& replica_set) const {
  const std::string orphans = api::orphan_value(api::namespace_of(replica_set));
  std::vector<ObjectPtr> found = pods_.cache().by_index(api::kByController, api::uid_of(replica_set));
  for (ObjectPtr& pod : pods_.cache().by_index(api::kByController, orphans)) found.push_back(std::move(pod));
  return found;
}

std::map<std::string, int> ReplicaSetController::neighbours(const Json& replica_set) const {
  std::vector<ObjectPtr> sets;
  if (const Json* owner = api::controller_of(replica_set)) {
    sets = replica_sets_.cache().by_index(api::kByController, string_at(*owner, {"uid"}));
  } else {
    sets = {std::make_shared<const Json>(replica_set)};
  }
  std::map<std::string, int> count;
  for (const ObjectPtr& set : sets) {
    for (const ObjectPtr& pod : pods_.cache().by_index(api::kByController, api::uid_of(*set))) {
      if (is_active(*pod)) ++count[string_at(*pod, {"spec", "nodeName"})];
    }
  }
  return count;
}

}  // namespace skiff::controllers
