#include "server/controllers/replica_set/deletion_order.h"

#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/pods.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <tuple>
#include <utility>

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
auto deletion_rank(const DeletionCandidate& pod, const Neighbours& neighbours, TimePoint now) {
  const auto doubled = neighbours.find(pod.node);
  return std::make_tuple(!pod.node.empty(), pod.phase, pod.ready, pod.cost,
                         doubled == neighbours.end() ? 0 : -doubled->second,
                         pod.ready ? age_rank(pod.ready_since, now) : 0, -pod.restarts, age_rank(pod.created, now),
                         std::string_view(pod.uid));
}

}  // namespace

DeletionCandidate::DeletionCandidate(const Json& pod)
    : uid(api::uid_of(pod)),
      name(api::key_of(pod)),
      node(api::node_name_of(pod)),
      phase(phase_rank(string_at(pod, {"status", "phase"}))),
      ready(api::is_condition_true(pod, "Ready")),
      cost(deletion_cost(pod)),
      ready_since(controllers::ready_since(pod)),
      restarts(most_restarts(pod)),
      created(api::creation_time_of(pod)) {}

void sort_for_deletion(std::vector<const DeletionCandidate*>& pods, const Neighbours& neighbours, TimePoint now) {
  using Rank = decltype(deletion_rank(*pods.front(), neighbours, now));
  std::vector<std::pair<Rank, const DeletionCandidate*>> ranked;
  ranked.reserve(pods.size());
  for (const DeletionCandidate* pod : pods) ranked.emplace_back(deletion_rank(*pod, neighbours, now), pod);
  std::sort(ranked.begin(), ranked.end());
  for (std::size_t i = 0; i < pods.size(); ++i) pods[i] = ranked[i].second;
}

void sort_for_deletion(std::vector<ObjectPtr>& pods, const Neighbours& neighbours, TimePoint now) {
  std::vector<DeletionCandidate> candidates;
  candidates.reserve(pods.size());
  for (const ObjectPtr& pod : pods) candidates.emplace_back(*pod);
  std::vector<const DeletionCandidate*> order;
  for (const DeletionCandidate& candidate : candidates) order.push_back(&candidate);
  sort_for_deletion(order, neighbours, now);
  std::vector<ObjectPtr> sorted;
  for (const DeletionCandidate* candidate : order) sorted.push_back(std::move(pods[candidate - candidates.data()]));
  pods = std::move(sorted);
}

}  // namespace skiff::controllers
