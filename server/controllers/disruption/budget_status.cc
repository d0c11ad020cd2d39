#include "server/controllers/disruption/budget_status.h"

#include "api/views/disruption.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/int_or_percent.h"

#include <algorithm>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

struct Counts {
  int expected = 0;
  int desired = 0;
};

Counts counts_of(const Json& spec, int pods, int scale) {
  if (const Json* unavailable = find(spec, {"maxUnavailable"})) {
    return {scale, std::max(0, scale - resolve_int_or_percent(*unavailable, scale, true))};
  }
  const Json* available = find(spec, {"minAvailable"});
  if (available == nullptr) return {};
  if (available->is_number()) return {pods, available->get<int>()};
  return {scale, resolve_int_or_percent(*available, scale, true)};
}

// The evictions that are still on their way: not those that are seen to happen, nor those that take too long.
Json pending_disruptions(const Json& budget, const std::vector<ObjectPtr>& pods, TimePoint now, BudgetStatus& result) {
  Json pending = Json::object();
  const Json* disrupted = find(budget, {"status", "disruptedPods"});
  if (disrupted == nullptr) return pending;
  for (const ObjectPtr& pod : pods) {
    const auto entry = disrupted->find(api::name_of(*pod));
    if (entry == disrupted->end() || api::is_terminating(*pod)) continue;
    const TimePoint due = parse_time(entry->get<std::string>()).value_or(now) + kDisruptionTimeout;
    if (due < now) {
      result.not_deleted.push_back(pod);
      continue;
    }
    pending[entry.key()] = *entry;
    if (!result.recheck || due < *result.recheck) result.recheck = due;
  }
  return pending;
}

}  // namespace

bool needs_scale(const Json& budget) {
  const Json* available = find(budget, {"spec", "minAvailable"});
  return find(budget, {"spec", "maxUnavailable"}) != nullptr || (available != nullptr && available->is_string());
}

BudgetStatus budget_status(const Json& budget, const std::vector<ObjectPtr>& pods, const ExpectedScale& scale,
                           TimePoint now) {
  BudgetStatus result;
  Json pending = pending_disruptions(budget, pods, now, result);
  const auto healthy = std::ranges::count_if(pods, [&pending](const ObjectPtr& pod) {
    return !api::is_terminating(*pod) && !pending.contains(api::name_of(*pod)) && api::is_pod_ready(*pod);
  });
  const Counts counts = counts_of(budget.at("spec"), static_cast<int>(pods.size()), scale.pods);
  const int allowed = static_cast<int>(healthy) - counts.desired;

  result.budget = budget;
  Json& status = result.budget["status"];
  status["currentHealthy"] = healthy;
  status["desiredHealthy"] = counts.desired;
  status["expectedPods"] = counts.expected;
  // A budget without pods allows nothing: its first pods may come before it is looked at again.
  status["disruptionsAllowed"] = counts.expected <= 0 ? 0 : std::max(0, allowed);
  status["observedGeneration"] = api::generation_of(budget);
  status.erase("disruptedPods");
  if (!pending.empty()) status["disruptedPods"] = std::move(pending);
  api::set_disruption_allowed(result.budget, now);
  return result;
}

}  // namespace skiff::controllers
