#include "api/managed_fields/managers.h"

#include "api/base/json_text.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace skiff::api::managed_fields {
namespace {

constexpr const char* kApply = "Apply";
constexpr const char* kUpdate = "Update";
constexpr const char* kFieldsType = "FieldsV1";
constexpr const char* kAncientChanges = "ancient-changes";

Manager header_of(const Json& entry) {
  Manager manager;
  manager.name = string_at(entry, {"manager"});
  manager.applied = string_at(entry, {"operation"}) == kApply;
  manager.api_version = string_at(entry, {"apiVersion"});
  manager.subresource = string_at(entry, {"subresource"});
  manager.time = string_at(entry, {"time"});
  return manager;
}

bool is_well_formed(const Json& entry) {
  const std::string operation = string_at(entry, {"operation"});
  return (operation == kApply || operation == kUpdate) && !string_at(entry, {"apiVersion"}).empty() &&
         string_at(entry, {"fieldsType"}) == kFieldsType;
}

// Members in the order of their names, as everywhere.
void append_entry(const Manager& manager, std::string& text) {
  text += "{\"apiVersion\":" + to_json_text(manager.api_version) + ",\"fieldsType\":\"";
  text += kFieldsType;
  text += "\",\"fieldsV1\":" + manager.fields.to_text();
  if (!manager.name.empty()) text += ",\"manager\":" + to_json_text(manager.name);
  text += ",\"operation\":\"";
  text += manager.applied ? kApply : kUpdate;
  text += '"';
  if (!manager.subresource.empty()) text += ",\"subresource\":" + to_json_text(manager.subresource);
  if (!manager.time.empty()) text += ",\"time\":" + to_json_text(manager.time);
  text += '}';
}

Manager read_entry(std::string_view entry) {
  Manager manager;
  for (JsonTextWalker members(entry); members.next();) {
    const std::string_view name = members.name();
    if (name == "fieldsV1") {
      manager.fields = FieldSet::from_text(std::string(members.value()));
      continue;
    }
    std::string value = json_text_string(members.value());
    if (name == "manager") manager.name = std::move(value);
    if (name == "operation") manager.applied = value == kApply;
    if (name == "apiVersion") manager.api_version = std::move(value);
    if (name == "subresource") manager.subresource = std::move(value);
    if (name == "time") manager.time = std::move(value);
  }
  return manager;
}

bool stands_before(const Manager& a, const Manager& b) {
  return std::tie(b.applied, a.time, a.name, a.api_version, a.subresource) <
         std::tie(a.applied, b.time, b.name, b.api_version, b.subresource);
}

}  // namespace

bool Manager::is_same_as(const Manager& other) const {
  return name == other.name && applied == other.applied && subresource == other.subresource &&
         (applied || api_version == other.api_version);
}

Managers Managers::read(std::string_view list) {
  Managers managers;
  for (JsonTextWalker entries(list); entries.next();) managers.all_.push_back(read_entry(entries.value()));
  return managers;
}

std::optional<Managers> Managers::parse(const Json& list) {
  std::map<std::tuple<std::string, bool, std::string, std::string>, Manager> by_identity;
  for (const Json& entry : list) {
    if (!is_well_formed(entry)) return std::nullopt;
    Manager manager = header_of(entry);
    const Json* fields_v1 = skiff::find(entry, {"fieldsV1"});
    auto fields = FieldSet::parse(fields_v1 == nullptr ? Json::object() : *fields_v1);
    if (!fields) return std::nullopt;
    manager.fields = std::move(*fields);
    const std::string version = manager.applied ? "" : manager.api_version;
    std::tuple identity(manager.name, manager.applied, manager.subresource, version);
    by_identity.insert_or_assign(std::move(identity), std::move(manager));
  }
  Managers managers;
  for (auto& [identity, manager] : by_identity) managers.all_.push_back(std::move(manager));
  return managers;
}

std::string Managers::to_text() {
  std::sort(all_.begin(), all_.end(), stands_before);
  std::string text;
  for (const Manager& manager : all_) {
    text += text.empty() ? '[' : ',';
    append_entry(manager, text);
  }
  if (!text.empty()) text += ']';
  return text;
}

bool Managers::same_but_for_times(const Managers& other) const {
  return std::equal(all_.begin(), all_.end(), other.all_.begin(), other.all_.end(),
                    [](const Manager& a, const Manager& b) {
                      return a.is_same_as(b) && a.api_version == b.api_version && a.fields == b.fields;
                    });
}

Manager* Managers::find(const Manager& like) {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const Manager& each) { return each.is_same_as(like); });
  return found == all_.end() ? nullptr : &*found;
}

void Managers::put(Manager manager) {
  if (Manager* same = find(manager)) {
    *same = std::move(manager);
  } else {
    all_.push_back(std::move(manager));
  }
}

void Managers::drop_empty() {
  std::erase_if(all_, [](const Manager& manager) { return manager.fields.empty(); });
}

bool Managers::unite_oldest() {
  std::vector<Manager*> updaters;
  for (Manager& manager : all_) {
    if (!manager.applied) updaters.push_back(&manager);
  }
  if (updaters.size() <= kMaxUpdaters) return false;
  // Of those of one time the one that has been united already comes first.
  std::sort(updaters.begin(), updaters.end(), [](const Manager* a, const Manager* b) {
    if (a->time != b->time) return a->time < b->time;
    return a->name == kAncientChanges && b->name != kAncientChanges;
  });

  std::size_t excess = updaters.size() - kMaxUpdaters;
  std::map<std::string, Manager*> oldest;  // of each version
  for (Manager* updater : updaters) {
    if (excess == 0) break;
    const auto [place, is_first] = oldest.try_emplace(updater->api_version, updater);
    if (is_first) continue;
    // The older entry goes into the newer one, whose time is that of both: the smaller set into the one that grows.
    std::swap(updater->fields, place->second->fields);
    updater->fields.add(place->second->fields);
    updater->name = kAncientChanges;
    updater->subresource.clear();
    place->second->fields = FieldSet();
    place->second = updater;
    --excess;
  }
  drop_empty();
  return true;
}

}  // namespace skiff::api::managed_fields
