#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"

#include <string>
#include <string_view>

// status.conditions of any object. Plain functions of values.
namespace skiff::api {

struct Condition {
  std::string type;
  std::string status;  // "True", "False", "Unknown"
  std::string reason;
  std::string message;
};

// The condition of that type, or null.
[[nodiscard]] const Json* find_condition(const Json& object, std::string_view type);
// Its status; "" when there is no such condition.
[[nodiscard]] std::string condition_status(const Json& object, std::string_view type);
[[nodiscard]] bool is_condition_true(const Json& object, std::string_view type);

// Sets or adds the condition; lastTransitionTime moves only when the status changes. Members that Condition does not
// have (lastProbeTime, observedGeneration) stay. When anything changed, the member `update_time_member`, if named
// ("lastUpdateTime" of Deployments), is set to `now`, and the answer is true.
bool set_condition(Json& object, const Condition& condition, TimePoint now, std::string_view update_time_member = "");
// True when there was one.
bool remove_condition(Json& object, std::string_view type);

}  // namespace skiff::api
