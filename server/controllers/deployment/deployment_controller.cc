#include "server/controllers/deployment/deployment_controller.h"

#include "api/client/indexes.h"
#include "api/selector.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/claim.h"
#include "server/controllers/deployment/revision.h"
#include "server/controllers/keys.h"
#include "server/controllers/orphans.h"
#include "server/controllers/remove_object.h"
#include "server/controllers/template_hash.h"
#include "server/controllers/write_status.h"

#include <algorithm>
#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

std::string scaled_message(const std::string& set, std::int64_t from, std::int64_t to) {
  return std::string(to > from ? "Scaled up" : "Scaled down") + " replica set " + set + " from " +
         std::to_string(from) + " to " + std::to_string(to);
}

bool is_recreate(const Json& deployment) { return string_at(deployment, {"spec", "strategy", "type"}) == "Recreate"; }

std::int64_t replicas_of(const Json& set) { return integer_at(set, {"spec", "replicas"}, 1); }

}  // namespace

DeploymentController::DeploymentController(const Context& context)
    : client_(context.client),
      clock_(context.clock),
      deployments_(context.informers.informer(api::kDeployments)),
      replica_sets_(context.informers.informer(api::kReplicaSets)),
      pods_(context.informers.informer(api::kPods)),
      events_(context.executor, context.client, context.clock, api::EventRecorder::Source{"deployment-controller", ""}),
      controller_(context.executor, context.queue_metrics, "deployment", kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }) {
  add_orphan_indexes(deployments_, replica_sets_);
  pods_.add_index(api::kByController, api::by_controller);

  api::InformerHandlers deployments;
  deployments.added = [this](const ObjectPtr& deployment) { controller_.enqueue(key_text(*deployment)); };
  deployments.updated = [this](const ObjectPtr&, const ObjectPtr& deployment) {
    controller_.enqueue(key_text(*deployment));
  };
  deployments_.add_handlers(std::move(deployments));
  api::InformerHandlers sets;
  sets.added = [this](const ObjectPtr& set) { on_replica_set(set); };
  sets.updated = [this](const ObjectPtr& old_set, const ObjectPtr& set) {
    if (api::controller_of(*old_set) != nullptr && api::controller_of(*set) == nullptr) on_replica_set(old_set);
    on_replica_set(set);
  };
  sets.deleted = [this](const ObjectPtr& set) { on_replica_set(set); };
  replica_sets_.add_handlers(std::move(sets));
  api::InformerHandlers pods;
  pods.deleted = [this](const ObjectPtr& pod) { on_pod_gone(pod); };
  pods_.add_handlers(std::move(pods));
}

void DeploymentController::start() {
  events_.start();
  controller_.start();
}

Task<void> DeploymentController::stop() {
  co_await controller_.stop();
  co_await events_.stop();
}

void DeploymentController::on_replica_set(const ObjectPtr& replica_set) {
  if (api::controller_of(*replica_set) != nullptr) {
    if (const ObjectPtr deployment = controller_deployment(*replica_set)) controller_.enqueue(key_text(*deployment));
    return;
  }
  for (const ObjectPtr& deployment : possible_owners(deployments_, *replica_set)) {
    const auto selector = api::LabelSelector::from_object(deployment->at("spec").value("selector", Json()));
    if (selector && selector->matches_object_labels(api::labels_of(*replica_set))) {
      controller_.enqueue(key_text(*deployment));
    }
  }
}

// Strategy Recreate waits for the last old pod.
void DeploymentController::on_pod_gone(const ObjectPtr& pod) {
  const Json* owner = api::controller_of(*pod);
  if (owner == nullptr || string_at(*owner, {"kind"}) != api::kReplicaSets.kind) return;
  const ObjectPtr set = replica_sets_.cache().get({api::namespace_of(*pod), string_at(*owner, {"name"})});
  if (!set) return;
  const ObjectPtr deployment = controller_deployment(*set);
  if (deployment && is_recreate(*deployment)) controller_.enqueue(key_text(*deployment));
}

ObjectPtr DeploymentController::controller_deployment(const Json& replica_set) const {
  const Json* owner = api::controller_of(replica_set);
  if (owner == nullptr || string_at(*owner, {"kind"}) != api::kDeployments.kind) return nullptr;
  ObjectPtr deployment = deployments_.cache().get({api::namespace_of(replica_set), string_at(*owner, {"name"})});
  if (!deployment || api::uid_of(*deployment) != string_at(*owner, {"uid"})) return nullptr;
  return deployment;
}

Task<api::Result<void>> DeploymentController::sync(std::string key) {
  const ObjectPtr deployment = deployments_.cache().get(parse_key(key));
  if (!deployment) co_return api::Result<void>();
  const auto selector = api::LabelSelector::from_object(deployment->at("spec").value("selector", Json()));
  if (!selector) co_return api::Result<void>();
  if (selector->empty()) {
    events_.warning(*deployment, "SelectingAll",
                    "This deployment is selecting all pods. A non-empty selector is required.");
    co_return api::Result<void>();
  }
  std::vector<ObjectPtr> candidates = adoption_candidates(replica_sets_, *deployment);
  const auto sets = co_await claim(client_, api::kDeployments, deployment, api::kReplicaSets, *selector, candidates);
  if (!sets) co_return sets.error();
  PodCounts pods;
  if (is_recreate(*deployment)) pods = count_pods(*sets);
  DeploymentPlan plan = plan_deployment(*deployment, *sets, pods, clock_.now());
  co_return co_await carry_out(key, deployment, std::move(plan));
}

Task<api::Result<void>> DeploymentController::carry_out(std::string key, ObjectPtr deployment, DeploymentPlan plan) {
  if (plan.create) {
    const api::Result<void> created = co_await create_set(deployment, std::move(*plan.create));
    if (!created) co_return created.error();
  }
  for (ReplicaSetUpdate& update : plan.update) {
    const api::Result<void> updated = co_await update_set(deployment, std::move(update));
    if (!updated) co_return updated.error();
  }
  for (const ObjectPtr& set : plan.remove) {
    api::DeleteOptions options;
    const auto removed = co_await remove_object(client_, api::kReplicaSets, set, std::move(options));
    if (!removed) co_return removed.error();
  }
  if (plan.revision) {
    Json patch = {{"metadata", {{"annotations", {{kRevisionAnnotation, *plan.revision}}}}}};
    const api::NamespacedName name = api::key_of(*deployment);
    const api::WriteOptions options;
    auto patched = co_await client_.patch(api::kDeployments, name, api::PatchType::kMerge, std::move(patch), options);
    if (!patched) co_return patched.error();
    deployment = std::move(*patched);
  }
  if (plan.check_again_at) controller_.enqueue_after(key, *plan.check_again_at - clock_.now());
  co_return co_await write_status(client_, api::kDeployments, deployment, std::move(plan.status));
}

Task<api::Result<void>> DeploymentController::create_set(ObjectPtr deployment, Json set) {
  const std::string name = api::name_of(set);
  const std::string namespace_ = api::namespace_of(set);
  const std::int64_t replicas = replicas_of(set);
  const api::WriteOptions options;
  const auto created = co_await client_.create(api::kReplicaSets, namespace_, set, options);
  if (created) {
    if (replicas > 0) events_.normal(*deployment, "ScalingReplicaSet", scaled_message(name, 0, replicas));
    co_return api::Result<void>();
  }
  const api::Status& error = created.error();
  if (error.reason == api::Reason::kAlreadyExists) co_return co_await resolve_collision(deployment, std::move(set));
  const std::string message = "Failed to create new replica set \"" + name + "\": " + error.message;
  events_.warning(*deployment, "ReplicaSetCreateError", message);
  Json status = status_of_failed_create(*deployment, name, error.message, clock_.now());
  const api::Result<void> written = co_await write_status(client_, api::kDeployments, deployment, std::move(status));
  if (!written) co_return written.error();
  co_return error;
}

Task<api::Result<void>> DeploymentController::resolve_collision(ObjectPtr deployment, Json set) {
  const api::NamespacedName name = api::key_of(set);
  const auto existing = co_await client_.get(api::kReplicaSets, name);
  if (!existing) co_return existing.error();
  const bool same_template =
      comparable_template((*existing)->at("spec").at("template")) == comparable_template(set.at("spec").at("template"));
  // The cache has not seen it yet.
  if (api::is_controlled_by(**existing, *deployment) && same_template) co_return api::Result<void>();
  Json status = deployment->value("status", Json::object());
  status["collisionCount"] = integer_at(status, {"collisionCount"}) + 1;
  const api::Result<void> written = co_await write_status(client_, api::kDeployments, deployment, std::move(status));
  if (!written) co_return written.error();
  co_return api::already_exists(api::kReplicaSets.group, api::kReplicaSets.plural, name.name);
}

Task<api::Result<void>> DeploymentController::update_set(ObjectPtr deployment, ReplicaSetUpdate update) {
  const std::int64_t from = replicas_of(*update.old_set);
  const std::int64_t to = replicas_of(update.new_set);
  const api::WriteOptions options;
  const auto updated = co_await client_.update(api::kReplicaSets, std::move(update.new_set), options);
  if (!updated) co_return updated.error();
  if (from != to) {
    events_.normal(*deployment, "ScalingReplicaSet", scaled_message(api::name_of(*update.old_set), from, to));
  }
  co_return api::Result<void>();
}

PodCounts DeploymentController::count_pods(const std::vector<ObjectPtr>& sets) const {
  PodCounts counts;
  for (const ObjectPtr& set : sets) {
    for (const ObjectPtr& pod : pods_.cache().by_index(api::kByController, api::uid_of(*set))) {
      if (!api::is_pod_terminated(*pod)) ++counts[api::uid_of(*set)];
    }
  }
  return counts;
}

}  // namespace skiff::controllers
