#include "api/views/conditions.h"

#include <algorithm>

namespace skiff::api {
namespace {

// Sets a string member, or drops it when `value` is empty. True when that changed the object.
bool put(Json& object, const std::string& member, const std::string& value) {
  if (string_at(object, {member}) == value) return false;
  if (value.empty()) {
    object.erase(member);
  } else {
    object[member] = value;
  }
  return true;
}

Json& conditions_for_writing(Json& object) {
  Json& conditions = object["status"]["conditions"];
  if (!conditions.is_array()) conditions = Json::array();
  return conditions;
}

auto position_of(Json& conditions, std::string_view type) {
  return std::find_if(conditions.begin(), conditions.end(),
                      [&](const Json& each) { return string_at(each, {"type"}) == type; });
}

}  // namespace

const Json* find_condition(const Json& object, std::string_view type) {
  const Json* conditions = find(object, {"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return nullptr;
  for (const Json& condition : *conditions) {
    if (string_at(condition, {"type"}) == type) return &condition;
  }
  return nullptr;
}

std::string condition_status(const Json& object, std::string_view type) {
  const Json* condition = find_condition(object, type);
  return condition == nullptr ? "" : string_at(*condition, {"status"});
}

bool is_condition_true(const Json& object, std::string_view type) { return condition_status(object, type) == "True"; }

bool set_condition(Json& object, const Condition& condition, TimePoint now, std::string_view update_time_member) {
  Json& conditions = conditions_for_writing(object);
  auto place = position_of(conditions, condition.type);
  if (place == conditions.end()) {
    conditions.push_back({{"type", condition.type}});
    place = std::prev(conditions.end());
  }
  const bool transition = put(*place, "status", condition.status);
  bool changed = put(*place, "reason", condition.reason);
  changed |= put(*place, "message", condition.message);
  if (transition) (*place)["lastTransitionTime"] = format_time(now);
  if (!transition && !changed) return false;
  if (!update_time_member.empty()) (*place)[std::string(update_time_member)] = format_time(now);
  return true;
}

bool remove_condition(Json& object, std::string_view type) {
  if (find_condition(object, type) == nullptr) return false;
  Json& conditions = conditions_for_writing(object);
  conditions.erase(position_of(conditions, type));
  return true;
}

}  // namespace skiff::api
