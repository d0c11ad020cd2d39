#include "server/registry/field_manager.h"

#include "api/base/check.h"
#include "api/managed_fields/scale.h"
#include "api/managed_fields/walk.h"
#include "server/registry/object_meta.h"

#include <memory>
#include <utility>

namespace skiff::server {

namespace {

using api::managed_fields::Managers;
using api::managed_fields::Writer;

constexpr const char* kManagedFields = "managedFields";

// The versions of a kind, which convert by way of the storage version.
class KindVersions final : public api::managed_fields::Versions {
 public:
  explicit KindVersions(const Kind& kind) : kind_(kind) {}

  [[nodiscard]] const api::schema::Struct* type_of(const std::string& api_version) const override {
    const ServedVersion* version = find_version(api_version);
    return version == nullptr ? nullptr : version->type;
  }

  [[nodiscard]] bool same_shape(const std::string& a, const std::string& b) const override {
    return a == b || (is_shaped_as_stored(a) && is_shaped_as_stored(b));
  }

  [[nodiscard]] Json convert(const Json& object, const std::string& from, const std::string& to) const override {
    Json converted = object;
    if (const ServedVersion* version = find_version(from); version->to_storage) version->to_storage(converted);
    if (const ServedVersion* version = find_version(to); version->from_storage) version->from_storage(converted);
    converted["apiVersion"] = to;
    return converted;
  }

  // A stored object as the served version shows it, copied only where that is another shape.
  [[nodiscard]] std::shared_ptr<const Json> shown(const Json& object, const ServedKind& kind) const {
    const std::string stored = kind_.storage_version().api_version();
    const std::string version = kind.version->api_version();
    if (same_shape(stored, version)) return {std::shared_ptr<const Json>(), &object};
    return std::make_shared<const Json>(convert(object, stored, version));
  }

 private:
  [[nodiscard]] const ServedVersion* find_version(const std::string& api_version) const {
    for (const ServedVersion& version : kind_.versions) {
      if (version.api_version() == api_version) return &version;
    }
    return nullptr;
  }

  [[nodiscard]] bool is_shaped_as_stored(const std::string& api_version) const {
    const ServedVersion* version = find_version(api_version);
    return version != nullptr && !version->to_storage && !version->from_storage;
  }

  const Kind& kind_;
};

class ScaleVersions final : public api::managed_fields::Versions {
 public:
  explicit ScaleVersions(const api::schema::Struct& type) : type_(type) {}

  [[nodiscard]] const api::schema::Struct* type_of(const std::string& api_version) const override {
    return api_version == api::managed_fields::kScaleVersion ? &type_ : nullptr;
  }
  [[nodiscard]] bool same_shape(const std::string&, const std::string&) const override { return true; }
  [[nodiscard]] Json convert(const Json& object, const std::string&, const std::string&) const override {
    return object;
  }

 private:
  const api::schema::Struct& type_;
};

// The list of an object, or null.
Json list_of(const Json& object) {
  const Json* list = find(object, {"metadata", kManagedFields});
  return list == nullptr ? Json() : *list;
}

Json take_list(Json& object) {
  Json& metadata = metadata_of(object);
  const auto found = metadata.find(kManagedFields);
  if (found == metadata.end()) return Json();
  Json list = std::move(*found);
  metadata.erase(found);
  return list;
}

// A client asks to forget all managers by an empty list or one empty entry.
bool is_reset(const Json& list) {
  return list.is_array() && (list.empty() || (list.size() == 1 && list.front() == Json::object()));
}

bool same_but_for_time(const Json& entry, const Json& other) {
  auto a = entry.begin();
  auto b = other.begin();
  while (true) {
    if (a != entry.end() && a.key() == "time") ++a;
    if (b != other.end() && b.key() == "time") ++b;
    if (a == entry.end() || b == other.end()) return a == entry.end() && b == other.end();
    if (a.key() != b.key() || *a != *b) return false;
    ++a, ++b;
  }
}

bool same_but_for_times(const Json& list, const Json& other) {
  if (!list.is_array() || !other.is_array() || list.size() != other.size()) return false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!same_but_for_time(list[i], other[i])) return false;
  }
  return true;
}

}  // namespace

FieldManager::FieldManager(const ServedKind& kind, std::string subresource, const CallContext& context, TimePoint now)
    : kind_(kind), subresource_(std::move(subresource)), context_(context), now_(format_time(now)) {}

Writer FieldManager::writer(const api::managed_fields::Versions& versions, std::string api_version) const {
  return Writer{versions,
                context_.field_manager,
                std::move(api_version),
                subresource_,
                now_,
                kind_.kind->strategy->reset_fields(subresource_)};
}

void FieldManager::create(Json& object) const {
  const KindVersions versions(*kind_.kind);
  const Writer writer = this->writer(versions, kind_.version->api_version());
  const Json list = take_list(object);
  Managers managers = Managers::parse(list).value_or(Managers());
  const Json blank = api::managed_fields::blank_object(*kind_.version->type);
  api::managed_fields::update(writer, blank, *versions.shown(object, kind_), managers);
  set_managed_fields(object, std::move(managers).to_list());
}

// Those that the client says there are, as long as it says it well; else those that there were.
Managers FieldManager::managers_of_update(const Json& current, Json& object) const {
  const Json sent = take_list(object);
  Json stored = list_of(current);
  if (subresource_.empty() && sent != stored) {
    if (is_reset(sent)) return {};
    auto managers = Managers::parse(sent);
    if (managers && !managers->empty()) return std::move(*managers);
  }
  return Managers::read(std::move(stored));
}

void FieldManager::update(const Json& current, Json& object) const {
  Managers managers = managers_of_update(current, object);
  if (managers.empty()) return;  // nobody keeps books of this object until it is applied
  const KindVersions versions(*kind_.kind);
  const Writer writer = this->writer(versions, kind_.version->api_version());
  api::managed_fields::update(writer, *versions.shown(current, kind_), *versions.shown(object, kind_), managers);
  set_managed_fields(object, std::move(managers).to_list());
}

void FieldManager::update_scale(const api::schema::Struct& scale_type, const Json& old_scale, const Json& new_scale,
                                Json& object) const {
  const KindVersions parent(*kind_.kind);
  const Managers managers = Managers::read(take_list(object));
  if (managers.empty()) return;
  const ScaleVersions versions(scale_type);
  Managers scale = api::managed_fields::managers_of_scale(parent, managers);
  api::managed_fields::update(writer(versions, api::managed_fields::kScaleVersion), old_scale, new_scale, scale);
  const std::string version = kind_.version->api_version();
  set_managed_fields(object, api::managed_fields::managers_of_parent(parent, managers, scale, version).to_list());
}

api::Result<Json> FieldManager::apply(const Json* current, const Json& configuration, bool force) const {
  const KindVersions versions(*kind_.kind);
  const std::string version = kind_.version->api_version();
  Json live = current == nullptr ? Json::object()
                                 : versions.convert(*current, kind_.kind->storage_version().api_version(), version);
  Managers managers = current == nullptr ? Managers() : Managers::read(take_list(live));
  auto applied = api::managed_fields::apply(writer(versions, version), live, configuration, force, managers);
  if (!applied) return applied.error();
  set_managed_fields(applied->object, std::move(managers).to_list());
  return {boost::system::in_place_value, std::move(applied->object)};
}

api::Result<Json> FieldManager::apply_scale(const api::schema::Struct& scale_type, const Json& scale,
                                            const Json& configuration, bool force, const Json& current,
                                            Json& managed_fields) const {
  const KindVersions parent(*kind_.kind);
  const ScaleVersions versions(scale_type);
  const Managers managers = Managers::read(list_of(current));
  Managers of_scale = api::managed_fields::managers_of_scale(parent, managers);
  const Writer writer = this->writer(versions, api::managed_fields::kScaleVersion);
  auto applied = api::managed_fields::apply(writer, scale, configuration, force, of_scale);
  if (!applied) return applied.error();
  const std::string version = kind_.version->api_version();
  managed_fields = api::managed_fields::managers_of_parent(parent, managers, of_scale, version).to_list();
  return {boost::system::in_place_value, std::move(applied->object)};
}

void set_managed_fields(Json& object, Json list) {
  Json& metadata = metadata_of(object);
  if (list.is_null()) {
    metadata.erase(kManagedFields);
  } else {
    metadata[kManagedFields] = std::move(list);
  }
}

void undo_idle_change(const Json& current, Json& object) {
  const Json* stored = find(current, {"metadata", kManagedFields});
  const Json* written = find(object, {"metadata", kManagedFields});
  if (stored == nullptr || written == nullptr || !same_but_for_times(*written, *stored)) return;
  Json& metadata = metadata_of(object);
  Json list = std::exchange(metadata[kManagedFields], *stored);
  const std::string version = string_at(metadata, {"resourceVersion"});
  metadata["resourceVersion"] = string_at(current, {"metadata", "resourceVersion"});
  if (object == current) return;
  metadata[kManagedFields] = std::move(list);
  metadata["resourceVersion"] = version;
}

}  // namespace skiff::server
