#include "server/controllers/daemon_set/plan.h"

#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/daemon_set/daemon_pod.h"
#include "server/controllers/daemon_set/rollout.h"
#include "server/controllers/pods.h"
#include "server/controllers/write_status.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

// What decides about all nodes.
struct View {
  const Json& daemon_set;
  const std::string& hash;
  const FailedPodBackoff& backoff;
  TimePoint now;
  bool may_surge;
  std::chrono::seconds min_ready;
};

void remove_all(DaemonPlan& plan, const std::vector<ObjectPtr>& pods) {
  for (const ObjectPtr& pod : pods) {
    if (!api::is_terminating(*pod)) plan.remove.push_back(pod);
  }
}

// Takes away what has ended; gives those that run or will.
std::vector<ObjectPtr> sort_out_ended(DaemonPlan& plan, const View& view, const std::string& node,
                                      const std::vector<ObjectPtr>& pods) {
  std::vector<ObjectPtr> running;
  const std::string key = FailedPodBackoff::key(api::uid_of(view.daemon_set), node);
  for (const ObjectPtr& pod : pods) {
    if (api::is_terminating(*pod)) continue;
    const std::string phase = string_at(*pod, {"status", "phase"});
    if (phase != "Failed" && phase != "Succeeded") {
      running.push_back(pod);
      continue;
    }
    if (phase == "Failed") {
      if (const auto until = view.backoff.wait_until(key, view.now)) {
        plan.check_again_at = std::min(plan.check_again_at.value_or(*until), *until);
        continue;
      }
    }
    (phase == "Failed" ? plan.failed : plan.succeeded).push_back(pod);
    plan.remove.push_back(pod);
  }
  return running;
}

// Bound pods first, then the elder.
void sort_by_age(std::vector<ObjectPtr>& pods) {
  const auto rank = [](const ObjectPtr& pod) {
    return std::make_tuple(api::node_name_of(*pod).empty(), api::creation_time_of(*pod), api::name_of(*pod));
  };
  std::sort(pods.begin(), pods.end(), [&](const ObjectPtr& a, const ObjectPtr& b) { return rank(a) < rank(b); });
}

// While a new pod grows up beside an old one, both may be there; each kind once.
void remove_excess_of_surge(DaemonPlan& plan, const View& view, const std::vector<ObjectPtr>& by_age) {
  ObjectPtr new_pod, old_pod;
  for (const ObjectPtr& pod : by_age) {
    const std::string* pod_hash = api::label_of(*pod, kRevisionHashLabel);
    ObjectPtr& kept = pod_hash != nullptr && *pod_hash == view.hash ? new_pod : old_pod;
    if (kept) {
      plan.remove.push_back(pod);
    } else {
      kept = pod;
    }
  }
  if (!new_pod || !old_pod) return;
  if (!api::is_pod_ready(*old_pod) || is_available(*new_pod, view.min_ready, view.now)) plan.remove.push_back(old_pod);
}

void plan_node(DaemonPlan& plan, const View& view, const DaemonFit& fit, const Json& node,
               const std::vector<ObjectPtr>& pods) {
  const std::string name = api::name_of(node);
  const bool should_run = fit.should_run(node);
  if (pods.empty()) {
    if (should_run) plan.create.push_back(name);
    return;
  }
  if (!fit.may_stay(node)) return remove_all(plan, pods);
  std::vector<ObjectPtr> running = sort_out_ended(plan, view, name, pods);
  if (running.empty()) {
    // Beside a pod that is on its way out, or has ended, one may be made only by those who surge.
    if (view.may_surge && should_run) plan.create.push_back(name);
    return;
  }
  if (running.size() == 1) return;
  sort_by_age(running);
  if (view.may_surge) return remove_excess_of_surge(plan, view, running);
  plan.remove.insert(plan.remove.end(), running.begin() + 1, running.end());
}

// Pods that wait for a node that is not there any more: the scheduler will never bind them.
void remove_homeless(DaemonPlan& plan, const std::vector<ObjectPtr>& nodes, const DaemonPods& pods) {
  std::set<std::string> names;
  for (const ObjectPtr& node : nodes) names.insert(api::name_of(*node));
  for (const auto& [node, on_node] : pods) {
    if (names.contains(node)) continue;
    for (const ObjectPtr& pod : on_node) {
      if (api::node_name_of(*pod).empty() && !api::is_terminating(*pod)) plan.remove.push_back(pod);
    }
  }
}

}  // namespace

DaemonPods by_target_node(const std::vector<ObjectPtr>& pods) {
  DaemonPods by_node;
  for (const ObjectPtr& pod : pods) {
    if (api::is_terminating(*pod) && api::is_pod_terminated(*pod)) continue;
    by_node[target_node(*pod)].push_back(pod);
  }
  return by_node;
}

DaemonPlan plan_daemon_set(const Json& daemon_set, const std::vector<ObjectPtr>& nodes, const DaemonPods& pods,
                           const std::string& hash, const FailedPodBackoff& backoff, TimePoint now) {
  const DaemonFit fit(daemon_set);
  const DaemonStep step = daemon_step(daemon_set, fit, nodes);
  const View view{daemon_set,
                  hash,
                  backoff,
                  now,
                  step.max_surge > 0,
                  std::chrono::seconds(integer_at(daemon_set, {"spec", "minReadySeconds"}))};
  static const std::vector<ObjectPtr> none;
  DaemonPlan plan;
  for (const ObjectPtr& node : nodes) {
    const auto found = pods.find(api::name_of(*node));
    plan_node(plan, view, fit, *node, found == pods.end() ? none : found->second);
  }
  remove_homeless(plan, nodes, pods);
  if (plan.create.empty() && plan.remove.empty() && step.is_rolling) {
    DaemonRollout rollout = plan_rollout(daemon_set, fit, step, nodes, pods, hash, now);
    plan.create = std::move(rollout.create);
    plan.remove = std::move(rollout.remove);
  }
  plan.create.resize(std::min(plan.create.size(), kBurstDaemons));
  plan.remove.resize(std::min(plan.remove.size(), kBurstDaemons));
  return plan;
}

DaemonStatus daemon_set_status(const Json& daemon_set, const std::vector<ObjectPtr>& nodes, const DaemonPods& pods,
                               const std::string& hash, bool has_acted, TimePoint now) {
  const DaemonFit fit(daemon_set);
  const std::chrono::seconds min_ready{integer_at(daemon_set, {"spec", "minReadySeconds"})};
  std::int64_t desired = 0, current = 0, misscheduled = 0, ready = 0, updated = 0, available = 0;
  DaemonStatus result;
  for (const ObjectPtr& node : nodes) {
    const auto found = pods.find(api::name_of(*node));
    const bool is_there = found != pods.end();
    if (!fit.should_run(*node)) {
      misscheduled += is_there ? 1 : 0;
      continue;
    }
    ++desired;
    if (!is_there) continue;
    ++current;
    std::vector<ObjectPtr> on_node = found->second;
    sort_by_age(on_node);
    const Json& pod = *on_node.front();
    if (is_updated(daemon_set, pod, hash)) ++updated;
    const std::optional<TimePoint> at = available_at(pod, min_ready, now);
    if (!at) continue;
    ++ready;
    if (*at <= now) {
      ++available;
    } else {
      result.next_available = std::min(result.next_available.value_or(*at), *at);
    }
  }
  Json& status = result.status = daemon_set.value("status", Json::object());
  status["currentNumberScheduled"] = current;
  status["numberMisscheduled"] = misscheduled;
  status["desiredNumberScheduled"] = desired;
  status["numberReady"] = ready;
  if (has_acted) set_count(status, "observedGeneration", api::generation_of(daemon_set));
  set_count(status, "updatedNumberScheduled", updated);
  set_count(status, "numberAvailable", available);
  set_count(status, "numberUnavailable", desired - available);
  return result;
}

}  // namespace skiff::controllers
