#include "server/controllers/stateful_set/plan.h"

#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/pods.h"
#include "server/controllers/stateful_set/identity.h"

#include <algorithm>
#include <map>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

std::chrono::seconds min_ready_of(const Json& set) {
  return std::chrono::seconds(integer_at(set, {"spec", "minReadySeconds"}));
}

bool is_running_and_ready(const Json& pod) {
  return string_at(pod, {"status", "phase"}) == "Running" && api::is_pod_ready(pod);
}

bool rolls(const Json& set) { return string_at(set, {"spec", "updateStrategy", "type"}) == "RollingUpdate"; }

std::int64_t partition_of(const Json& set) {
  return integer_at(set, {"spec", "updateStrategy", "rollingUpdate", "partition"});
}

class StatefulSetPlanner {
 public:
  StatefulSetPlanner(const RevisedSet& update, const std::vector<ObjectPtr>& pods, TimePoint now)
      : set_(update.set),
        revision_(update.revision),
        now_(now),
        wanted_(wanted_ordinals(set_)),
        ordered_(string_at(set_, {"spec", "podManagementPolicy"}) != "Parallel") {
    for (const ObjectPtr& pod : pods) {
      const auto ordinal = ordinal_of(set_, *pod);
      if (ordinal) (wanted_.contains(*ordinal) ? replicas_ : condemned_).emplace(*ordinal, pod);
    }
  }

  StatefulPlan plan() && {
    if (api::is_terminating(set_)) return std::move(plan_);
    if (keep_replicas() && remove_condemned() && rolls(set_)) roll();
    return std::move(plan_);
  }

 private:
  [[nodiscard]] bool is_healthy(const Json& pod) const {
    return !api::is_terminating(pod) && is_running_and_ready(pod) && is_available(pod, min_ready_of(set_), now_);
  }

  // False: what follows has to wait.
  bool keep_replicas() {
    for (std::int64_t ordinal = wanted_.start; ordinal < wanted_.end; ++ordinal) {
      const auto found = replicas_.find(ordinal);
      const bool done = found == replicas_.end() ? create(ordinal) : keep(found->second);
      if (ordered_ && !done) return false;
    }
    return true;
  }

  bool create(std::int64_t ordinal) {
    plan_.create.push_back(ordinal);
    return false;
  }

  // True when its successors may go on.
  bool keep(const ObjectPtr& pod) {
    if (api::is_pod_terminated(*pod)) {
      // Its successor can be made once it is gone.
      if (!api::is_terminating(*pod)) plan_.remove.push_back(pod);
      return false;
    }
    if (string_at(*pod, {"status", "phase"}) == "Pending") plan_.need_claims.push_back(pod);
    if (ordered_ && !is_healthy(*pod)) return false;
    if (!has_identity(*pod)) plan_.relabel.push_back(pod);
    plan_.claim_owners.push_back(pod);
    return true;
  }

  // From the highest ordinal down. An unhealthy pod is only removed when no other is unhealthy before it.
  bool remove_condemned() {
    for (auto each = condemned_.rbegin(); each != condemned_.rend(); ++each) plan_.claim_owners.push_back(each->second);
    const ObjectPtr unhealthy = first_unhealthy();
    for (auto each = condemned_.rbegin(); each != condemned_.rend(); ++each) {
      const ObjectPtr& pod = each->second;
      const bool may_go = is_healthy(*pod) || pod == unhealthy;
      if (ordered_ && (api::is_terminating(*pod) || !may_go)) return false;
      if (!api::is_terminating(*pod)) plan_.remove.push_back(pod);
      if (ordered_) return false;
    }
    return true;
  }

  [[nodiscard]] ObjectPtr first_unhealthy() const {
    for (const auto* pods : {&replicas_, &condemned_}) {
      for (const auto& [ordinal, pod] : *pods) {
        if (!is_healthy(*pod)) return pod;
      }
    }
    return nullptr;
  }

  // One pod at a time; the others wait until it is healthy again.
  void roll() {
    for (std::int64_t ordinal = wanted_.end - 1; ordinal >= wanted_.start + partition_of(set_); --ordinal) {
      const auto found = replicas_.find(ordinal);
      if (found == replicas_.end()) return;
      const ObjectPtr& pod = found->second;
      if (pod_revision_of(*pod) != revision_ && !api::is_terminating(*pod)) {
        plan_.remove.push_back(pod);
        return;
      }
      if (!is_healthy(*pod)) return;
    }
  }

  const Json& set_;
  const std::string& revision_;
  const TimePoint now_;
  const OrdinalRange wanted_;
  const bool ordered_;
  std::map<std::int64_t, ObjectPtr> replicas_;
  std::map<std::int64_t, ObjectPtr> condemned_;
  StatefulPlan plan_;
};

// Everything is as the update revision wants it: the current one is the same from now on.
bool is_complete(const Json& set, const Json& status) {
  const std::int64_t wanted = integer_at(set, {"spec", "replicas"}, 1);
  return rolls(set) && status["updatedReplicas"] == wanted && status["readyReplicas"] == wanted &&
         status["replicas"] == wanted;
}

}  // namespace

StatefulPlan plan_stateful_set(const RevisedSet& update, const std::vector<ObjectPtr>& pods, TimePoint now) {
  return StatefulSetPlanner(update, pods, now).plan();
}

const RevisedSet& revision_for(const RevisedSet& current, const RevisedSet& update, std::int64_t ordinal) {
  const Json& set = current.set;
  const bool has_partition = find(set, {"spec", "updateStrategy", "rollingUpdate"}) != nullptr;
  const std::int64_t kept = has_partition ? partition_of(set) : integer_at(set, {"status", "currentReplicas"});
  return rolls(set) && ordinal < wanted_ordinals(set).start + kept ? current : update;
}

StatefulStatus stateful_set_status(const RevisedSet& current, const RevisedSet& update,
                                   const std::vector<ObjectPtr>& pods, TimePoint now) {
  const Json& set = update.set;
  StatefulStatus result;
  std::int64_t ready = 0;
  std::int64_t available = 0;
  std::int64_t of_current = 0;
  std::int64_t of_update = 0;
  for (const ObjectPtr& pod : pods) {
    if (is_running_and_ready(*pod)) {
      ++ready;
      const auto at = available_at(*pod, min_ready_of(set), now);
      if (at && *at <= now) ++available;
      if (at && *at > now && (!result.next_available || *at < *result.next_available)) result.next_available = at;
    }
    if (api::is_terminating(*pod)) continue;
    if (pod_revision_of(*pod) == current.revision) ++of_current;
    if (pod_revision_of(*pod) == update.revision) ++of_update;
  }
  Json status = set.value("status", Json::object());
  status["observedGeneration"] = api::generation_of(set);
  status["replicas"] = pods.size();
  status["readyReplicas"] = ready;
  status["availableReplicas"] = available;
  status["currentReplicas"] = of_current;
  status["updatedReplicas"] = of_update;
  status["currentRevision"] = current.revision;
  status["updateRevision"] = update.revision;
  status["collisionCount"] = integer_at(status, {"collisionCount"});
  if (is_complete(set, status)) {
    status["currentReplicas"] = of_update;
    status["currentRevision"] = update.revision;
  }
  for (const char* member : {"readyReplicas", "currentReplicas", "updatedReplicas"}) {
    if (status[member] == 0) status.erase(member);
  }
  result.status = std::move(status);
  return result;
}

}  // namespace skiff::controllers
