#include "server/controllers/endpoints/trigger_times.h"

#include "api/views/conditions.h"
#include "api/views/meta.h"

namespace skiff::controllers {

namespace {

std::string ready_transition_time(const Json& pod) {
  const Json* ready = api::find_condition(pod, "Ready");
  return ready == nullptr ? "" : string_at(*ready, {"lastTransitionTime"});
}

}  // namespace

std::string TriggerTimes::next(const std::string& key, const Json& service, const std::vector<api::ObjectPtr>& pods) {
  const auto [seen, is_new] = seen_.try_emplace(key);
  Seen& before = seen->second;
  std::string earliest;
  auto changed = [&earliest](const std::string& time, const std::string& old_time) {
    if (time > old_time && (earliest.empty() || time < earliest)) earliest = time;
  };
  Seen now;
  now.service = string_at(service, {"metadata", "creationTimestamp"});
  changed(now.service, before.service);
  for (const api::ObjectPtr& pod : pods) {
    std::string time = ready_transition_time(*pod);
    if (time.empty()) continue;
    const std::string name = api::name_of(*pod);
    const auto old_time = before.pods.find(name);
    changed(time, old_time == before.pods.end() ? "" : old_time->second);
    now.pods.emplace(name, std::move(time));
  }
  before = std::move(now);
  return is_new ? before.service : earliest;
}

}  // namespace skiff::controllers
