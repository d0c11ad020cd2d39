#include "server/controllers/replica_set/replica_set_controller.h"

#include "api/client/indexes.h"
#include "api/views/meta.h"
#include "server/controllers/claim.h"
#include "server/controllers/keys.h"
#include "server/controllers/orphans.h"
#include "server/controllers/write_status.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

// Pods of large sets change by the hundred, and a sync writes a status that all watchers are told of: waiting a little
// turns many into one.
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
            std::string(kind.component)),
      tallies_(std::string(kind.type.kind)) {
  replica_sets_.add_index(api::kByController, api::by_controller);
  api::InformerHandlers sets;
  sets.added = [this](const ObjectPtr& set) { controller_.enqueue(key_text(*set)); };
  sets.updated = [this](const ObjectPtr&, const ObjectPtr& set) { controller_.enqueue(key_text(*set)); };
  sets.deleted = [this](const ObjectPtr& set) { controller_.enqueue(key_text(*set)); };
  replica_sets_.add_handlers(std::move(sets));
  api::InformerHandlers pods;
  pods.added = [this](const ObjectPtr& pod) { tallies_.set(*pod); };
  pods.updated = [this](const ObjectPtr&, const ObjectPtr& pod) { tallies_.set(*pod); };
  pods.deleted = [this](const ObjectPtr& pod) { tallies_.remove(api::uid_of(*pod)); };
  pods_.informer().add_handlers(std::move(pods));
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
  auto selector = kind_.selector(*set);
  if (!selector) co_return api::Result<void>();  // no retry makes it valid
  // Read before the claim waits: what is created during it has not been counted yet.
  const bool may_change = pods_.up_to_date(key) && !api::is_terminating(*set);
  const auto counts = co_await count(set, std::move(*selector));
  if (!counts) co_return counts.error();

  Failure failure;
  if (may_change) failure = co_await manage_replicas(key, set, counts->active);
  const api::Result<void> written = co_await write_status(key, set, *counts, failure);
  if (!failure) co_return written;
  api::Status retry;
  retry.message = failure->message;
  co_return retry;
}

Task<api::Result<ReplicaCounts>> ReplicaSetController::count(ObjectPtr replica_set, api::LabelSelector selector) {
  const ReplicaTally& tally = tallies_.of(api::uid_of(*replica_set));
  const Claim adoption = plan_claim(*replica_set, selector, orphans_near(pods_.informer(), *replica_set));
  if (adoption.adopt.empty() && tally.all_match(selector)) co_return tally.counts(*replica_set, clock_.now());
  const auto owned = co_await pods_.claim(replica_set);
  if (!owned) co_return owned.error();
  ReplicaTally claimed;
  for (const ObjectPtr& pod : *owned) claimed.add(*pod);
  co_return claimed.counts(*replica_set, clock_.now());
}

Task<ReplicaSetController::Failure> ReplicaSetController::manage_replicas(std::string key, ObjectPtr replica_set,
                                                                          std::size_t active) {
  const ReplicaPlan plan = plan_replicas(*replica_set, active);
  PodChanges changes;
  changes.create = plan.create;
  changes.make = [this, replica_set](std::size_t) { return pod_from_template(kind_.type, *replica_set); };
  if (plan.remove > 0) changes.remove = choose_for_removal(*replica_set, plan.remove);
  if (changes.empty()) co_return std::nullopt;
  co_return co_await pods_.change(key, replica_set, std::move(changes));
}

Task<api::Result<void>> ReplicaSetController::write_status(std::string key, ObjectPtr replica_set, ReplicaCounts counts,
                                                           Failure failure) {
  const TimePoint now = clock_.now();
  if (counts.next_available) controller_.enqueue_after(key, *counts.next_available - now);
  Json status = replica_set_status(*replica_set, counts, failure, now);
  co_return co_await controllers::write_status(client_, kind_.type, replica_set, std::move(status));
}

std::vector<ObjectPtr> ReplicaSetController::choose_for_removal(const Json& replica_set, std::size_t count) {
  auto replicas = tallies_.replicas(api::uid_of(replica_set), *kind_.selector(replica_set));
  if (count < replicas.size()) {
    sort_for_deletion(replicas, neighbours(replica_set), clock_.now());
    replicas.resize(count);
  }
  std::vector<ObjectPtr> chosen;
  for (const DeletionCandidate* replica : replicas) {
    if (ObjectPtr pod = pods_.informer().cache().get(replica->name)) chosen.push_back(std::move(pod));
  }
  return chosen;
}

Neighbours ReplicaSetController::neighbours(const Json& replica_set) {
  std::vector<ObjectPtr> sets;
  if (const Json* owner = api::controller_of(replica_set)) {
    sets = replica_sets_.cache().by_index(api::kByController, string_at(*owner, {"uid"}));
  } else {
    sets = {std::make_shared<const Json>(replica_set)};
  }
  Neighbours count;
  for (const ObjectPtr& set : sets) {
    const auto selector = kind_.selector(*set);
    if (!selector) continue;
    for (const DeletionCandidate* pod : tallies_.replicas(api::uid_of(*set), *selector)) ++count[pod->node];
  }
  return count;
}

}  // namespace skiff::controllers
