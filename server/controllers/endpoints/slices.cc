#include "server/controllers/endpoints/slices.h"

#include "api/schema/validate.h"
#include "api/views/meta.h"

#include <algorithm>
#include <map>
#include <set>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

const Json& list_at(const Json& object, const char* name) {
  static const Json none = Json::array();
  const Json* list = find(object, {name});
  return list == nullptr || !list->is_array() ? none : *list;
}

// What makes an endpoint the same one while its state changes.
std::string identity_of(const Json& endpoint) {
  Json reference = endpoint.value("targetRef", Json());
  if (reference.is_object()) reference.erase("resourceVersion");
  return to_json_text(
      Json::array({endpoint.value("addresses", Json()), endpoint.value("hostname", Json()), reference}));
}

// The order of ports does not tell slices apart.
std::string group_key(const std::string& address_type, const Json& ports) {
  std::multiset<std::string> texts;
  for (const Json& port : ports) texts.insert(to_json_text(port));
  std::string key = address_type;
  for (const std::string& text : texts) key += "\n" + text;
  return key;
}

std::string name_prefix(const std::string& name) {
  const bool fits = api::schema::check_format("dns1123-subdomain", name + "-a").empty();
  return fits ? name + "-" : name;
}

bool is_owned_by(const Json& slice, const Json& owner) {
  const std::string uid = api::uid_of(owner);
  return std::ranges::any_of(api::owner_references_of(slice),
                             [&uid](const Json& reference) { return string_at(reference, {"uid"}) == uid; });
}

// Makes the plan for one owner; one use.
class SlicePlanner {
 public:
  explicit SlicePlanner(const SliceOwner& owner) : owner_(owner) {
    labels_ = owner.labels;
    labels_[kServiceNameLabel] = api::name_of(owner.object);
    labels_[kManagedByLabel] = owner.managed_by;
  }

  SlicePlan plan(std::vector<EndpointGroup> groups, const std::vector<ObjectPtr>& existing) {
    std::map<std::string, std::vector<ObjectPtr>> by_key;
    for (const ObjectPtr& slice : existing) {
      by_key[group_key(string_at(*slice, {"addressType"}), list_at(*slice, "ports"))].push_back(slice);
    }
    for (EndpointGroup& group : groups) {
      const auto found = by_key.find(group_key(group.address_type, group.ports));
      std::vector<ObjectPtr> slices;
      if (found != by_key.end()) {
        slices = std::move(found->second);
        by_key.erase(found);
      }
      plan_group(group, slices);
    }
    for (auto& [_, slices] : by_key) plan_.remove.insert(plan_.remove.end(), slices.begin(), slices.end());
    for (const std::string& type : owner_.placeholders) add_placeholder(type, existing);
    reuse_removed();
    for (Json& slice : plan_.update) stamp(slice);
    for (Json& slice : plan_.create) stamp(slice);
    return std::move(plan_);
  }

 private:
  [[nodiscard]] Json new_slice(const std::string& address_type, const Json& ports) const {
    Json metadata{{"generateName", name_prefix(api::name_of(owner_.object))},
                  {"namespace", api::namespace_of(owner_.object)},
                  {"ownerReferences", Json::array({api::controller_reference(owner_.type, owner_.object)})}};
    Json slice{{"metadata", std::move(metadata)}, {"addressType", address_type}, {"endpoints", Json::array()}};
    slice["ports"] = ports;
    return slice;
  }

  void stamp(Json& slice) const {
    Json& metadata = slice["metadata"];
    metadata["labels"] = labels_;
    constexpr const char* kTriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";
    if (!owner_.trigger_time.empty()) {
      metadata["annotations"][kTriggerTime] = owner_.trigger_time;
    } else if (metadata.contains("annotations")) {
      metadata["annotations"].erase(kTriggerTime);
    }
    for (const auto& [name, value] : owner_.annotations.items()) metadata["annotations"][name] = value;
  }

  [[nodiscard]] bool says_whose_it_is(const Json& slice) const {
    if (api::labels_of(slice) != labels_) return false;
    return std::ranges::all_of(owner_.annotations.items(), [&slice](const auto& annotation) {
      const std::string* value = api::annotation_of(slice, annotation.key());
      return value != nullptr && *value == annotation.value();
    });
  }

  void plan_group(EndpointGroup& group, const std::vector<ObjectPtr>& slices) {
    std::map<std::string, Json*> missing;
    for (Json& endpoint : group.endpoints) missing.emplace(identity_of(endpoint), &endpoint);
    std::vector<Json> changed;
    std::vector<ObjectPtr> unchanged;
    for (const ObjectPtr& slice : slices) keep_wanted(slice, missing, changed, unchanged);

    // In the order of the group.
    std::vector<Json> left;
    for (Json& endpoint : group.endpoints) {
      const auto found = missing.find(identity_of(endpoint));
      if (found != missing.end() && found->second == &endpoint) left.push_back(std::move(endpoint));
    }
    std::ranges::stable_sort(
        changed, [](const Json& a, const Json& b) { return a.at("endpoints").size() > b.at("endpoints").size(); });
    auto next = left.begin();
    for (Json& slice : changed) fill(slice, next, left.end());
    for (Json& slice : changed) plan_.update.push_back(std::move(slice));
    while (next != left.end()) {
      const auto rest = static_cast<std::size_t>(left.end() - next);
      if (auto slice = take_with_room(unchanged, rest)) {
        fill(*slice, next, left.end());
        plan_.update.push_back(std::move(*slice));
      } else {
        Json made = new_slice(group.address_type, group.ports);
        fill(made, next, left.end());
        plan_.create.push_back(std::move(made));
      }
    }
  }

  // Sorts a slice that exists into those that change, that stay as they are, or that go.
  void keep_wanted(const ObjectPtr& slice, std::map<std::string, Json*>& missing, std::vector<Json>& changed,
                   std::vector<ObjectPtr>& unchanged) {
    const Json& endpoints = list_at(*slice, "endpoints");
    Json kept = Json::array();
    for (const Json& endpoint : endpoints) {
      const auto wanted = missing.find(identity_of(endpoint));
      if (wanted == missing.end()) continue;
      kept.push_back(*wanted->second);
      missing.erase(wanted);
    }
    if (kept.empty()) {
      plan_.remove.push_back(slice);
    } else if (kept == endpoints && says_whose_it_is(*slice)) {
      unchanged.push_back(slice);
    } else {
      Json copy = *slice;
      copy["endpoints"] = std::move(kept);
      changed.push_back(std::move(copy));
    }
  }

  void fill(Json& slice, std::vector<Json>::iterator& next, std::vector<Json>::iterator end) const {
    Json& endpoints = slice["endpoints"];
    while (next != end && endpoints.size() < owner_.max_endpoints) endpoints.push_back(std::move(*next++));
  }

  // The slice that is fullest with `count` more in it; nothing when none has the room.
  std::optional<Json> take_with_room(std::vector<ObjectPtr>& slices, std::size_t count) const {
    auto best = slices.end();
    std::size_t best_size = 0;
    for (auto slice = slices.begin(); slice != slices.end(); ++slice) {
      const std::size_t size = list_at(**slice, "endpoints").size() + count;
      if (size <= owner_.max_endpoints && size > best_size) {
        best = slice;
        best_size = size;
      }
    }
    if (best == slices.end()) return std::nullopt;
    Json copy = **best;
    slices.erase(best);
    return copy;
  }

  // Somebody who waits for a Service's slices should find one.
  void add_placeholder(const std::string& type, const std::vector<ObjectPtr>& existing) {
    auto is_of_type = [&type](const Json& slice) { return string_at(slice, {"addressType"}) == type; };
    if (std::ranges::any_of(plan_.create, is_of_type)) return;
    const auto removed =
        std::ranges::count_if(plan_.remove, [&](const ObjectPtr& slice) { return is_of_type(*slice); });
    const auto present = std::ranges::count_if(existing, [&](const ObjectPtr& slice) { return is_of_type(*slice); });
    if (present > removed) return;
    const auto is_placeholder = [&](const ObjectPtr& slice) {
      return is_of_type(*slice) && list_at(*slice, "endpoints").empty() && list_at(*slice, "ports").empty() &&
             says_whose_it_is(*slice);
    };
    if (const auto found = std::ranges::find_if(plan_.remove, is_placeholder); found != plan_.remove.end()) {
      plan_.remove.erase(found);
      return;
    }
    Json slice = new_slice(type, nullptr);
    slice.erase("ports");
    slice.erase("endpoints");
    plan_.create.push_back(std::move(slice));
  }

  void reuse_removed() {
    for (auto removed = plan_.remove.begin(); removed != plan_.remove.end() && !plan_.create.empty();) {
      Json& made = plan_.create.back();
      const bool fits = string_at(**removed, {"addressType"}) == string_at(made, {"addressType"}) &&
                        is_owned_by(**removed, owner_.object);
      if (!fits) {
        ++removed;
        continue;
      }
      Json slice = **removed;
      for (const char* name : {"endpoints", "ports"}) slice[name] = made.value(name, Json());
      plan_.update.push_back(std::move(slice));
      plan_.create.pop_back();
      removed = plan_.remove.erase(removed);
    }
  }

  const SliceOwner& owner_;
  Json labels_;
  SlicePlan plan_;
};

}  // namespace

SlicePlan plan_slices(const SliceOwner& owner, std::vector<EndpointGroup> groups,
                      const std::vector<ObjectPtr>& existing) {
  return SlicePlanner(owner).plan(std::move(groups), existing);
}

}  // namespace skiff::controllers
