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

// A client asks to forget all managers by an empty list or one empty entry.
bool is_reset(const Json& list) {
  return list.is_array() && (list.empty() || (list.size() == 1 && list.front() == Json::object()));
}

// The managers of an object as the client sent it, which loses them; null when there are none.
Json take_managed_fields(Json& object) {
  Json& metadata = metadata_of(object);
  const auto found = metadata.find(kManagedFields);
  if (found == metadata.end()) return Json();
  Json list = std::move(*found);
  metadata.erase(found);
  return list;
}

bool is_list_of(const Json& list, std::string_view stored) {
  return stored.empty() ? list.is_null() : to_json_text(list) == stored;
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

ManagedFields FieldManager::create(Json& object) const {
  const KindVersions versions(*kind_.kind);
  const Writer writer = this->writer(versions, kind_.version->api_version());
  const Json sent = take_managed_fields(object);
  Managers managers = Managers::parse(sent).value_or(Managers());
  const bool is_clients = !managers.empty();
  const Json blank = api::managed_fields::blank_object(*kind_.version->type);
  api::managed_fields::update(writer, blank, *versions.shown(object, kind_), managers);
  return {managers.to_text(), true, is_clients};
}

ManagedFields FieldManager::update(std::string_view stored, const Json& current, Json& object) const {
  // The managers that the client sends, as long as it says well what it means; else those that there were.
  const Json sent = take_managed_fields(object);
  const bool heard = subresource_.empty() && !sent.is_null() && !is_list_of(sent, stored);
  if (heard && is_reset(sent)) return {};
  Managers managers;
  auto parsed = heard ? Managers::parse(sent) : std::nullopt;
  const bool replaced = parsed && !parsed->empty();
  managers = replaced ? std::move(*parsed) : Managers::read(stored);
  // Nobody keeps books of an object without managers, until it is applied.
  if (managers.empty()) return {"", false};

  const KindVersions versions(*kind_.kind);
  const Writer writer = this->writer(versions, kind_.version->api_version());
  const bool changed =
      api::managed_fields::update(writer, *versions.shown(current, kind_), *versions.shown(object, kind_), managers);
  return {managers.to_text(), changed || replaced, replaced};
}

ManagedFields FieldManager::update_scale(const api::schema::Struct& scale_type, std::string_view stored,
                                         const Json& old_scale, const Json& new_scale) const {
  const KindVersions parent(*kind_.kind);
  const ScaleVersions versions(scale_type);
  const Managers managers = Managers::read(stored);
  if (managers.empty()) return {"", false};
  Managers scale = api::managed_fields::managers_of_scale(parent, managers);
  const Writer writer = this->writer(versions, api::managed_fields::kScaleVersion);
  const bool changed = api::managed_fields::update(writer, old_scale, new_scale, scale);
  const std::string version = kind_.version->api_version();
  return {api::managed_fields::managers_of_parent(parent, managers, scale, version).to_text(), changed};
}

api::Result<FieldManager::Applied> FieldManager::apply(std::string_view stored, const Json* current,
                                                       const Json& configuration, bool force) const {
  const KindVersions versions(*kind_.kind);
  const std::string version = kind_.version->api_version();
  const Json live = current == nullptr
                        ? Json::object()
                        : versions.convert(*current, kind_.kind->storage_version().api_version(), version);
  const Managers before = Managers::read(stored);
  Managers managers = before;
  auto applied = api::managed_fields::apply(writer(versions, version), live, configuration, force, managers);
  if (!applied) return applied.error();
  std::string text = managers.to_text();
  return Applied{std::move(applied->object), {std::move(text), !managers.same_but_for_times(before)}};
}

api::Result<FieldManager::Applied> FieldManager::apply_scale(const api::schema::Struct& scale_type,
                                                             std::string_view stored, const Json& scale,
                                                             const Json& configuration, bool force) const {
  const KindVersions parent(*kind_.kind);
  const ScaleVersions versions(scale_type);
  const Managers managers = Managers::read(stored);
  Managers of_scale = api::managed_fields::managers_of_scale(parent, managers);
  const Writer writer = this->writer(versions, api::managed_fields::kScaleVersion);
  auto applied = api::managed_fields::apply(writer, scale, configuration, force, of_scale);
  if (!applied) return applied.error();
  const std::string version = kind_.version->api_version();
  Managers of_parent = api::managed_fields::managers_of_parent(parent, managers, of_scale, version);
  std::string text = of_parent.to_text();
  return Applied{std::move(applied->object), {std::move(text), !of_parent.same_but_for_times(managers)}};
}

}  // namespace skiff::server
