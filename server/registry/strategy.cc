#include "server/registry/strategy.h"

#include "api/base/check.h"

#include <algorithm>

namespace skiff::server {

void keep_member(Json& object, const Json& old_object, const char* name) {
  if (const auto old = old_object.find(name); old != old_object.end()) {
    object[name] = *old;
  } else {
    object.erase(name);
  }
}

void CallContext::warn(std::string text) {
  if (std::find(warnings.begin(), warnings.end(), text) == warnings.end()) warnings.push_back(std::move(text));
}

void Strategy::prepare_for_create(Json& object, TimePoint) const {
  if (const auto status = object.find("status"); status != object.end()) *status = Json::object();
  if (counts_generation()) object["metadata"]["generation"] = 1;
}

void Strategy::prepare_for_update(Json& object, const Json& old_object, TimePoint) const {
  keep_member(object, old_object, "status");
  if (counts_generation() && changes_generation(object, old_object)) {
    object["metadata"]["generation"] = integer_at(old_object, {"metadata", "generation"}) + 1;
  }
}

// Nearly always all but status is the same already: comparing is cheaper than copying.
void Strategy::prepare_for_status_update(Json& object, const Json& old_object, TimePoint) const {
  const auto is_kept = [](const std::string& name) { return name != "status" && name != "metadata"; };
  for (auto member = object.begin(); member != object.end();) {
    const bool goes = is_kept(member.key()) && !old_object.contains(member.key());
    member = goes ? object.erase(member) : std::next(member);
  }
  for (const auto& [name, old_value] : old_object.items()) {
    if (!is_kept(name)) continue;
    Json& value = object[name];
    if (value != old_value) value = old_value;
  }
  if (!object.contains("status")) object["status"] = Json::object();
}

void Strategy::prepare_for_subresource_update(std::string_view, Json&, const Json&) const {
  CHECK_INVARIANT(false && "a kind that registers such a subresource implements this");
}

api::managed_fields::FieldSet Strategy::reset_fields(std::string_view subresource) const {
  if (subresource.empty() || subresource == "finalize") return api::managed_fields::FieldSet{{"status"}};
  if (subresource == "status") return api::managed_fields::FieldSet{{"spec"}};
  return {};
}

void Strategy::validate(const Json&, api::FieldErrors&) const {}
void Strategy::validate_create(const Json&, api::FieldErrors&) const {}
void Strategy::validate_update(const Json&, const Json&, api::FieldErrors&) const {}
void Strategy::validate_status_update(const Json&, const Json&, api::FieldErrors&) const {}

void Strategy::warn(const Json&, const Json*, std::vector<std::string>&) const {}

const std::vector<SelectableField>& Strategy::selectable_fields() const {
  static const std::vector<SelectableField> none;
  return none;
}

bool Strategy::changes_generation(const Json& object, const Json& old_object) const {
  return object.value("spec", Json()) != old_object.value("spec", Json());
}

std::optional<std::int64_t> Strategy::deletion_grace_seconds(const Json&, std::optional<std::int64_t>) const {
  return std::nullopt;
}

}  // namespace skiff::server
