#include "api/views/disruption.h"

#include "api/selector.h"
#include "api/views/conditions.h"
#include "api/views/meta.h"

namespace skiff::api {

void set_disruption_allowed(Json& budget, TimePoint now, const std::string& failure) {
  const bool allowed = failure.empty() && integer_at(budget, {"status", "disruptionsAllowed"}) > 0;
  Condition condition{"DisruptionAllowed", allowed ? "True" : "False", "", failure};
  condition.reason = !failure.empty() ? "SyncFailed" : allowed ? "SufficientPods" : "InsufficientPods";
  set_condition(budget, condition, now);
  for (Json& each : budget["status"]["conditions"]) {
    if (string_at(each, {"type"}) != condition.type) continue;
    each["observedGeneration"] = integer_at(budget, {"status", "observedGeneration"});
    each["message"] = failure;
  }
}

bool covers_pod(const Json& budget, const Json& pod) {
  const Json* selector = find(budget, {"spec", "selector"});
  if (selector == nullptr || namespace_of(budget) != namespace_of(pod)) return false;
  const auto parsed = LabelSelector::from_object(*selector);
  return parsed && parsed->matches_object_labels(labels_of(pod));
}

}  // namespace skiff::api
