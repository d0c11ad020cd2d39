#include "server/controllers/replica_set/replica_set_controller.h"

#include "api/client/indexes.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/keys.h"
#include "server/controllers/write_status.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

// A sync looks at all pods of a set, and pods of large sets change by the hundred: waiting a little, in proportion to
// the work, turns many syncs into one.
constexpr std::chrono::microseconds kDelayPerReplica{20};

}  // namespace

ReplicaSetController::ReplicaSetController(const Context& context, const ReplicaKind& kind)
    : kind_(kind),
      client_(context.client),
      clock_(context.clock),
      replica_sets_(context.informers.informer(kind.type)),
      controller_(context.executor, context.queue_metrics, std::string(kind.name), kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }),
      pods_(context,
            OwnedPods::Owners{kind.type, kind.selector,
                              [this](const Json& set, bool all_created) {
                                if (all_created) return controller_.enqueue(key_text(set));
                                enqueue_soon(set);
                              }},
            std::string(kind.component)) {
  replica_sets_.add_index(api::kByController, api::by_controller);
  api::InformerHandlers sets;
  sets.added = [this](const ObjectPtr& set) { controller_.enqueue(key_text(*set)); };
  sets.updated = [this](const ObjectPtr&, const ObjectPtr& set) { controller_.enqueue(key_text(*set)); };
  sets.deleted = [this](const ObjectPtr& set) { controller_.enqueue(key_text(*set)); };
  replica_sets_.add_handlers(std::move(sets));
}

void ReplicaSetController::start() {
  pods_.start();
  controller_.start();
}

Task<void> ReplicaSetController::stop() {
  co_await controller_.stop();
  co_await pods_.stop();
}

void ReplicaSetController::enqueue_soon(const Json& replica_set) {
  controller_.enqueue_after(key_text(replica_set), kDelayPerReplica * integer_at(replica_set, {"spec", "replicas"}, 1));
}

Task<api::Result<void>> ReplicaSetController::sync(std::string key) {
  const ObjectPtr set = replica_sets_.cache().get(parse_key(key));
  if (!set) {
    pods_.forget(key);
    co_return api::Result<void>();
  }
  if (!kind_.selector(*set)) co_return api::Result<void>();  // no retry makes it valid
  // Read before the claim waits: what is created during it has not been counted yet.
  const bool may_change = pods_.up_to_date(key) && !api::is_terminating(*set);
  auto owned = co_await pods_.claim(set);
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
  PodChanges changes;
  changes.create = static_cast<std::size_t>(plan.create);
  changes.make = [this, replica_set](std::size_t) { return pod_from_template(kind_.type, *replica_set); };
  changes.remove = std::move(plan.remove);
  if (changes.empty()) co_return std::nullopt;
  co_return co_await pods_.change(key, replica_set, std::move(changes));
}

Task<api::Result<void>> ReplicaSetController::write_status(std::string key, ObjectPtr replica_set,
                                                           std::vector<ObjectPtr> pods, Failure failure) {
  const TimePoint now = clock_.now();
  ReplicaSetStatus computed = replica_set_status(*replica_set, pods, failure, now);
  if (computed.next_available) controller_.enqueue_after(key, *computed.next_available - now);
  co_return co_await controllers::write_status(client_, kind_.type, replica_set, std::move(computed.status));
}

std::map<std::string, int> ReplicaSetController::neighbours(const Json& replica_set) {
  std::vector<ObjectPtr> sets;
  if (const Json* owner = api::controller_of(replica_set)) {
    sets = replica_sets_.cache().by_index(api::kByController, string_at(*owner, {"uid"}));
  } else {
    sets = {std::make_shared<const Json>(replica_set)};
  }
  std::map<std::string, int> count;
  for (const ObjectPtr& set : sets) {
    for (const ObjectPtr& pod : pods_.informer().cache().by_index(api::kByController, api::uid_of(*set))) {
      if (is_active(*pod)) ++count[api::node_name_of(*pod)];
    }
  }
  return count;
}

}  // namespace skiff::controllers
