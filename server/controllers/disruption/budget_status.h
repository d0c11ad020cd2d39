#pragma once

#include "api/base/clock.h"
#include "api/client.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

// What a PodDisruptionBudget allows, as functions of values.
namespace skiff::controllers {

// How long an eviction that was allowed may take until the pod is seen to go.
inline constexpr std::chrono::minutes kDisruptionTimeout{2};

// How many pods the controllers behind a budget's pods want together.
struct ExpectedScale {
  int pods = 0;
  // Pods without a controller, which count for nothing.
  std::vector<std::string> unmanaged;
};

// Whether the budget is given in a way that needs ExpectedScale: maxUnavailable, or a percentage.
[[nodiscard]] bool needs_scale(const Json& budget);

struct BudgetStatus {
  Json budget;  // with its new status
  // Pods that were to go by now and have not.
  std::vector<api::ObjectPtr> not_deleted;
  // When the status has to be looked at again, although nothing happens.
  std::optional<TimePoint> recheck;
};

// The budget with the status that its pods give it. `scale` counts only when needs_scale().
[[nodiscard]] BudgetStatus budget_status(const Json& budget, const std::vector<api::ObjectPtr>& pods,
                                         const ExpectedScale& scale, TimePoint now);

}  // namespace skiff::controllers
