// The half of StatefulSetController that changes pods and claims.
#include "api/views/meta.h"
#include "server/controllers/namespace_child.h"
#include "server/controllers/stateful_set/identity.h"
#include "server/controllers/stateful_set/stateful_set_controller.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

api::Status being_deleted(const std::string& claim) {
  api::Status status;
  status.reason = api::Reason::kConflict;
  status.message = "pvc " + claim + " is being deleted";
  return status;
}

}  // namespace

Task<api::Result<void>> StatefulSetController::carry_out(ObjectPtr set, Revisions revisions, StatefulPlan plan) {
  for (const std::int64_t ordinal : plan.create) {
    const RevisedSet& revised = revision_for(revisions.current, revisions.update, ordinal);
    Json pod = new_pod(revised.set, ordinal, revised.revision);
    const api::Result<void> created = co_await create_pod(set, std::move(pod), ordinal);
    if (!created) co_return created.error();
  }
  for (const ObjectPtr& pod : plan.need_claims) {
    const std::string name = api::name_of(*pod);
    const std::int64_t ordinal = ordinal_of(*set, *pod).value_or(0);
    const api::Result<void> made = co_await create_claims(set, name, ordinal);
    if (!made) co_return made.error();
  }
  for (const ObjectPtr& pod : plan.relabel) {
    const api::Result<void> relabeled = co_await relabel_pod(set, pod);
    if (!relabeled) co_return relabeled.error();
  }
  for (const ObjectPtr& pod : plan.claim_owners) {
    const api::Result<void> owned = co_await own_claims(set, pod);
    if (!owned) co_return owned.error();
  }
  for (const ObjectPtr& pod : plan.remove) {
    const api::Result<void> removed = co_await remove_pod(set, pod);
    if (!removed) co_return removed.error();
  }
  co_return api::Result<void>();
}

Task<api::Result<void>> StatefulSetController::create_pod(ObjectPtr set, Json pod, std::int64_t ordinal) {
  const std::string name = api::name_of(pod);
  for (const Json& claim : claims_of_pod(*set, ordinal)) {
    const ObjectPtr present = claims_.cache().get(api::key_of(claim));
    // Its deletion brings the set back.
    if (present && is_stale_claim(*present, *set, name)) co_return api::Result<void>();
  }
  const api::Result<void> claims = co_await create_claims(set, name, ordinal);
  if (!claims) co_return claims.error();
  const std::string namespace_ = api::namespace_of(*set);
  const api::WriteOptions options;
  const auto created = co_await client_.create(api::kPods, namespace_, std::move(pod), options);
  if (!created && created.error().reason == api::Reason::kAlreadyExists) co_return created.error();
  if (!created && is_namespace_terminating(created.error())) co_return api::Result<void>();
  report(*set, "create", name, created);
  if (!created) co_return created.error();
  co_return api::Result<void>();
}

Task<api::Result<void>> StatefulSetController::create_claims(ObjectPtr set, std::string pod_name,
                                                             std::int64_t ordinal) {
  const api::WriteOptions options;
  for (Json& claim : claims_of_pod(*set, ordinal)) {
    const api::NamespacedName name = api::key_of(claim);
    if (const ObjectPtr present = claims_.cache().get(name)) {
      if (api::is_terminating(*present)) co_return being_deleted(name.name);
      continue;
    }
    const auto created =
        co_await client_.create(api::kPersistentVolumeClaims, name.namespace_, std::move(claim), options);
    if (!created && created.error().reason == api::Reason::kAlreadyExists) continue;
    const std::string about = " Claim " + name.name;
    const std::string where = "Pod " + pod_name + " in StatefulSet " + api::name_of(*set);
    if (!created) {
      events_.warning(*set, "FailedCreate",
                      "create" + about + " for " + where + " failed error: " + created.error().message);
      co_return created.error();
    }
    events_.normal(*set, "SuccessfulCreate", "create" + about + " " + where + " success");
  }
  co_return api::Result<void>();
}

Task<api::Result<void>> StatefulSetController::own_claims(ObjectPtr set, ObjectPtr pod) {
  const std::int64_t ordinal = ordinal_of(*set, *pod).value_or(0);
  const api::WriteOptions options;
  for (const Json& claim : claims_of_pod(*set, ordinal)) {
    const ObjectPtr present = claims_.cache().get(api::key_of(claim));
    if (!present || api::is_terminating(*present)) continue;
    Json updated = *present;
    if (!set_claim_owners(updated, *set, *pod)) continue;
    const auto written = co_await client_.update(api::kPersistentVolumeClaims, std::move(updated), options);
    if (!written && written.error().reason != api::Reason::kNotFound) co_return written.error();
  }
  co_return api::Result<void>();
}

Task<api::Result<void>> StatefulSetController::remove_pod(ObjectPtr set, ObjectPtr pod) {
  api::DeleteOptions options;
  options.uid = api::uid_of(*pod);
  const api::NamespacedName name = api::key_of(*pod);
  const auto removed = co_await client_.remove(api::kPods, name, options);
  const bool was_gone = !removed && (removed.error().reason == api::Reason::kNotFound ||
                                     removed.error().reason == api::Reason::kConflict);
  if (was_gone) co_return api::Result<void>();
  report(*set, "delete", name.name, removed);
  if (!removed) co_return removed.error();
  co_return api::Result<void>();
}

Task<api::Result<void>> StatefulSetController::relabel_pod(ObjectPtr set, ObjectPtr pod) {
  Json updated = *pod;
  give_identity(updated, ordinal_of(*set, *pod).value_or(0));
  const api::WriteOptions options;
  const auto written = co_await client_.update(api::kPods, std::move(updated), options);
  report(*set, "update", api::name_of(*pod), written);
  if (!written) co_return written.error();
  co_return api::Result<void>();
}

void StatefulSetController::report(const Json& set, const char* verb, const std::string& pod_name,
                                   const api::Result<ObjectPtr>& result) {
  std::string what = verb;
  what[0] = static_cast<char>(what[0] - 'a' + 'A');
  const std::string where = std::string(verb) + " Pod " + pod_name + " in StatefulSet " + api::name_of(set);
  if (result) {
    events_.normal(set, "Successful" + what, where + " successful");
  } else {
    events_.warning(set, "Failed" + what, where + " failed error: " + result.error().message);
  }
}

}  // namespace skiff::controllers
