#include "server/controllers/replica_set/plan.h"

#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "server/controllers/write_status.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <tuple>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

int phase_rank(const std::string& phase) {
  if (phase == "Running") return 2;
  return phase == "Unknown" ? 1 : 0;
}

int deletion_cost(const Json& pod) {
  const std::string* text = api::annotation_of(pod, "controller.kubernetes.io/pod-deletion-cost");
  int cost = 0;
  if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), cost);
  return cost;
}

std::int64_t most_restarts(const Json& pod) {
  std::int64_t most = 0;
  if (const Json* statuses = find(pod, {"status", "containerStatuses"}); statuses && statuses->is_array()) {
    for (const Json& status : *statuses) most = std::max(most, integer_at(status, {"restartCount"}));
  }
  return most;
}

// Times are compared by their order of magnitude only, so that it is not always the youngest who go.
int age_rank(std::optional<TimePoint> since, TimePoint now) {
  if (!since || *since >= now) return 0;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - *since).count();
  return std::bit_width(static_cast<std::uint64_t>(seconds));
}

// Smaller goes first.
auto deletion_rank(const Json& pod, const std::map<std::string, int>& neighbours, TimePoint now) {
  const std::string node = string_at(pod, {"spec", "nodeName"});
  const auto doubled = neighbours.find(node);
  const bool ready = api::is_condition_true(pod, "Ready");
  return std::make_tuple(!node.empty(), phase_rank(string_at(pod, {"status", "phase"})), ready, deletion_cost(pod),
                         doubled == neighbours.end() ? 0 : -doubled->second,
                         ready ? age_rank(ready_since(pod), now) : 0, -most_restarts(pod),
                         age_rank(api::creation_time_of(pod), now), api::uid_of(pod));
}

bool carries_all_labels(const Json& pod, const Json& wanted) {
  for (const auto& [name, value] : wanted.items()) {
    const std::string* actual = api::label_of(pod, name);
    if (actual == nullptr || value != *actual) return false;
  }
  return true;
}

// Upstream leaves counters out that are zero, except `replicas`.
}  // namespace

void sort_for_deletion(std::vector<ObjectPtr>& pods, const std::map<std::string, int>& neighbours, TimePoint now) {
  using Rank = decltype(deletion_rank(Json(), neighbours, now));
  std::vector<std::pair<Rank, ObjectPtr>> ranked;
  ranked.reserve(pods.size());
  for (const ObjectPtr& pod : pods) ranked.emplace_back(deletion_rank(*pod, neighbours, now), pod);
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < pods.size(); ++i) pods[i] = std::move(ranked[i].second);
}

ReplicaPlan plan_replicas(const Json& replica_set, const std::vector<ObjectPtr>& pods,
                          const std::map<std::string, int>& neighbours, TimePoint now) {
  ReplicaPlan plan;
  const auto wanted = static_cast<int>(integer_at(replica_set, {"spec", "replicas"}, 1));
  const int missing = wanted - static_cast<int>(pods.size());
  if (missing >= 0) {
    plan.create = std::min(missing, kBurstReplicas);
    return plan;
  }
  plan.remove = pods;
  const auto surplus = static_cast<std::size_t>(std::min(-missing, kBurstReplicas));
  if (surplus < plan.remove.size()) {
    sort_for_deletion(plan.remove, neighbours, now);
    plan.remove.resize(surplus);
  }
  return plan;
}

ReplicaSetStatus replica_set_status(const Json& replica_set, const std::vector<ObjectPtr>& pods,
                                    const std::optional<PodFailure>& failure, TimePoint now) {
  const std::chrono::seconds min_ready{integer_at(replica_set, {"spec", "minReadySeconds"})};
  const Json* template_labels = find(replica_set, {"spec", "template", "metadata", "labels"});
  ReplicaSetStatus result;
  std::int64_t fully_labeled = 0;
  std::int64_t ready = 0;
  std::int64_t available = 0;
  for (const ObjectPtr& pod : pods) {
    if (template_labels == nullptr || carries_all_labels(*pod, *template_labels)) ++fully_labeled;
    const std::optional<TimePoint> at = available_at(*pod, min_ready, now);
    if (!at) continue;
    ++ready;
    if (*at <= now) {
      ++available;
    } else {
      result.next_available = std::min(result.next_available.value_or(*at), *at);
    }
  }

  Json updated = {{"status", replica_set.value("status", Json::object())}};
  if (!failure) {
    api::remove_condition(updated, "ReplicaFailure");
  } else if (api::find_condition(updated, "ReplicaFailure") == nullptr) {
    const api::Condition condition{"ReplicaFailure", "True", failure->reason, failure->message};
    api::set_condition(updated, condition, now);
  }
  result.status = {{"replicas", pods.size()}};
  set_count(result.status, "fullyLabeledReplicas", fully_labeled);
  set_count(result.status, "readyReplicas", ready);
  set_count(result.status, "availableReplicas", available);
  set_count(result.status, "observedGeneration", api::generation_of(replica_set));
  const Json* conditions = find(updated, {"status", "conditions"});
  if (conditions != nullptr && !conditions->empty()) result.status["conditions"] = *conditions;
  return result;
}

}  // namespace skiff::controllers
