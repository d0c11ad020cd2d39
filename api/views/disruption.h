#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"

// What the disruption controller and the eviction of pods both do to a PodDisruptionBudget.
namespace skiff::api {

// Makes the condition DisruptionAllowed say what status.disruptionsAllowed says. `failure`: why that could not be
// computed; empty when it could.
void set_disruption_allowed(Json& budget, TimePoint now, const std::string& failure = "");

// Whether the budget's selector selects the pod. An empty selector selects every pod, an absent or malformed one none.
[[nodiscard]] bool covers_pod(const Json& budget, const Json& pod);

}  // namespace skiff::api
