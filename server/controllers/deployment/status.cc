#include "server/controllers/deployment/status.h"

#include "api/views/meta.h"
#include "server/controllers/write_status.h"

#include <limits>

namespace skiff::controllers {

using api::Condition;
using api::ObjectPtr;

namespace {

struct Counters {
  std::int64_t replicas = 0;
  std::int64_t updated = 0;
  std::int64_t ready = 0;
  std::int64_t available = 0;
};

Counters counters_of(const Json& status) {
  return Counters{integer_at(status, {"replicas"}), integer_at(status, {"updatedReplicas"}),
                  integer_at(status, {"readyReplicas"}), integer_at(status, {"availableReplicas"})};
}

// Replaces the condition, also one of the same status and reason, whose lastUpdateTime then moves on.
void renew_condition(Json& deployment, const Condition& condition, TimePoint now) {
  const std::string now_text = format_time(now);
  std::string transition = now_text;
  if (const Json* old = api::find_condition(deployment, condition.type)) {
    if (string_at(*old, {"status"}) == condition.status) transition = string_at(*old, {"lastTransitionTime"}, now_text);
  }
  api::remove_condition(deployment, condition.type);
  deployment["status"]["conditions"].push_back({{"type", condition.type},
                                                {"status", condition.status},
                                                {"lastUpdateTime", now_text},
                                                {"lastTransitionTime", transition},
                                                {"reason", condition.reason},
                                                {"message", condition.message}});
}

std::string progressing_reason(const Json& deployment) {
  const Json* condition = api::find_condition(deployment, "Progressing");
  return condition == nullptr ? "" : string_at(*condition, {"reason"});
}

std::optional<TimePoint> deadline_time(const Json& deployment) {
  const Json* condition = api::find_condition(deployment, "Progressing");
  const auto deadline = progress_deadline(deployment);
  if (condition == nullptr || !deadline) return std::nullopt;
  const auto since = parse_time(string_at(*condition, {"lastUpdateTime"}));
  if (!since) return std::nullopt;
  return *since + *deadline;
}

bool has_progressed(const Counters& before, const Counters& after) {
  return after.updated > before.updated || after.replicas - after.updated < before.replicas - before.updated ||
         after.ready > before.ready || after.available > before.available;
}

// Copies a ReplicaSet's ReplicaFailure; the new one's comes first.
void set_replica_failure(Json& deployment, const std::vector<ObjectPtr>& sets, const ObjectPtr& new_set,
                         TimePoint now) {
  const Json* failure = new_set ? api::find_condition(*new_set, "ReplicaFailure") : nullptr;
  for (const ObjectPtr& set : sets) {
    if (failure == nullptr) failure = api::find_condition(*set, "ReplicaFailure");
  }
  if (failure == nullptr) {
    api::remove_condition(deployment, "ReplicaFailure");
    return;
  }
  const Condition condition{"ReplicaFailure", string_at(*failure, {"status"}), string_at(*failure, {"reason"}),
                            string_at(*failure, {"message"})};
  set_deployment_condition(deployment, condition, now);
}

// Progressing, as long as the rollout of the present template has not been seen complete.
void set_progress(Json& updated, const Json& deployment, const RolloutSpec& spec, const std::string& new_set_name,
                  TimePoint now) {
  const std::string subject =
      new_set_name.empty() ? "Deployment \"" + api::name_of(deployment) + "\"" : "ReplicaSet \"" + new_set_name + "\"";
  const Json& status = updated["status"];
  if (is_complete(deployment, status, spec)) {
    const Condition done{"Progressing", "True", kNewReplicaSetAvailable, subject + " has successfully progressed."};
    set_deployment_condition(updated, done, now);
  } else if (has_progressed(counters_of(deployment.value("status", Json::object())), counters_of(status))) {
    renew_condition(updated, Condition{"Progressing", "True", kReplicaSetUpdated, subject + " is progressing."}, now);
  } else {
    const std::string reason = progressing_reason(deployment);
    if (reason == kNewReplicaSetAvailable || reason == kProgressDeadlineExceeded) return;
    const auto deadline = deadline_time(deployment);
    if (!deadline || *deadline >= now) return;
    const Condition late{"Progressing", "False", kProgressDeadlineExceeded, subject + " has timed out progressing."};
    set_deployment_condition(updated, late, now);
  }
}

}  // namespace

std::optional<std::chrono::seconds> progress_deadline(const Json& deployment) {
  constexpr std::int64_t kNone = std::numeric_limits<std::int32_t>::max();
  const std::int64_t seconds = integer_at(deployment, {"spec", "progressDeadlineSeconds"}, kNone);
  if (seconds == kNone) return std::nullopt;
  return std::chrono::seconds(seconds);
}

void set_deployment_condition(Json& deployment, const Condition& condition, TimePoint now) {
  const Json* old = api::find_condition(deployment, condition.type);
  if (old != nullptr && string_at(*old, {"status"}) == condition.status &&
      string_at(*old, {"reason"}) == condition.reason) {
    return;
  }
  renew_condition(deployment, condition, now);
}

void set_pause_condition(Json& deployment, TimePoint now) {
  if (!progress_deadline(deployment)) return;
  const std::string reason = progressing_reason(deployment);
  if (reason == kProgressDeadlineExceeded) return;
  const bool paused = bool_at(deployment, {"spec", "paused"});
  if (paused && reason != kDeploymentPaused) {
    const Condition condition{"Progressing", "Unknown", kDeploymentPaused, "Deployment is paused"};
    set_deployment_condition(deployment, condition, now);
  } else if (!paused && reason == kDeploymentPaused) {
    const Condition condition{"Progressing", "Unknown", kDeploymentResumed, "Deployment is resumed"};
    set_deployment_condition(deployment, condition, now);
  }
}

Json counted_status(const Json& deployment, const RolloutSpec& spec, const std::vector<ObjectPtr>& sets,
                    const ObjectPtr& new_set, TimePoint now) {
  Counters counters;
  std::int64_t wanted = 0;
  for (const ObjectPtr& set : sets) {
    const Counters of_set = counters_of(set->value("status", Json::object()));
    counters.replicas += of_set.replicas;
    counters.ready += of_set.ready;
    counters.available += of_set.available;
    if (set == new_set) counters.updated = of_set.replicas;
    wanted += integer_at(*set, {"spec", "replicas"}, 1);
  }
  Json updated = {{"metadata", deployment.at("metadata")}, {"status", deployment.value("status", Json::object())}};
  Json& status = updated["status"];
  set_count(status, "observedGeneration", api::generation_of(deployment));
  set_count(status, "replicas", counters.replicas);
  set_count(status, "updatedReplicas", counters.updated);
  set_count(status, "readyReplicas", counters.ready);
  set_count(status, "availableReplicas", counters.available);
  set_count(status, "unavailableReplicas", std::max<std::int64_t>(0, wanted - counters.available));
  if (counters.available >= spec.replicas - spec.max_unavailable) {
    const Condition available{"Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."};
    set_deployment_condition(updated, available, now);
  } else {
    const Condition unavailable{"Available", "False", "MinimumReplicasUnavailable",
                                "Deployment does not have minimum availability."};
    set_deployment_condition(updated, unavailable, now);
  }
  return std::move(updated["status"]);
}

bool is_complete(const Json& deployment, const Json& status, const RolloutSpec& spec) {
  const Counters counters = counters_of(status);
  return counters.updated == spec.replicas && counters.replicas == spec.replicas &&
         counters.available == spec.replicas &&
         integer_at(status, {"observedGeneration"}) >= api::generation_of(deployment);
}

Json rollout_status(const Json& deployment, const RolloutSpec& spec, const std::vector<ObjectPtr>& sets,
                    const ObjectPtr& new_set, const std::string& new_set_name, TimePoint now) {
  Json updated = {{"status", counted_status(deployment, spec, sets, new_set, now)}};
  if (!progress_deadline(deployment)) {
    api::remove_condition(updated, "Progressing");
  } else {
    const Counters counters = counters_of(updated["status"]);
    const bool was_complete =
        counters.replicas == counters.updated && progressing_reason(deployment) == kNewReplicaSetAvailable;
    if (!was_complete) set_progress(updated, deployment, spec, new_set_name, now);
  }
  set_replica_failure(updated, sets, new_set, now);
  return std::move(updated["status"]);
}

std::optional<TimePoint> progress_check_time(const Json& deployment, const Json& status, const RolloutSpec& spec) {
  Json updated = {{"spec", deployment.at("spec")}, {"status", status}};
  const std::string reason = progressing_reason(updated);
  // What was complete once is never late again, also when it has lost pods since.
  if (reason == kProgressDeadlineExceeded || reason == kNewReplicaSetAvailable) return std::nullopt;
  if (is_complete(deployment, status, spec)) return std::nullopt;
  const auto deadline = deadline_time(updated);
  if (!deadline) return std::nullopt;
  // Times are written in whole seconds, and the deadline must have passed.
  return *deadline + std::chrono::seconds(1);
}

}  // namespace skiff::controllers
