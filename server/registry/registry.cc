#include "server/registry/registry.h"

#include "api/base/check.h"
#include "server/registry/border.h"
#include "server/registry/impl.h"
#include "server/registry/record.h"

#include <algorithm>

namespace skiff::server {

namespace {

// The stock of a kind without what its stored objects have.
std::unique_ptr<Allocator> open_allocator(const store::Store& store, const Kind& kind) {
  std::unique_ptr<Allocator> allocator = kind.make_allocator();
  const auto range = store.range(kind.key_prefix(), "", 0, 0);
  CHECK_INVARIANT(range.has_value() && "the present state of an open store can be read");
  for (const store::RecordPtr& record : range->records) {
    if (const auto object = to_document(*record)) allocator->restore(*object);
  }
  return allocator;
}

}  // namespace

Registry::Registry(store::Store& store, const KindTable& kinds, const api::schema::Catalog& catalog, const Clock& clock,
                   AdmissionChain admission)
    : impl_(new Impl{*this, store, kinds, catalog, clock, std::move(admission), {}}) {
  for (const Kind& kind : kinds.all()) {
    if (kind.make_allocator) impl_->allocators.emplace(&kind, open_allocator(store, kind));
    for (const SelectableField& field : kind.strategy->selectable_fields()) {
      if (field.indexed) store.index(kind.key_prefix(), field_attribute(field.name));
    }
  }
}

Registry::~Registry() = default;

const KindTable& Registry::kinds() const { return impl_->kinds; }
const Clock& Registry::clock() const { return impl_->clock; }

api::Result<store::RecordPtr> Registry::get(const ServedKind& kind, const api::NamespacedName& name,
                                            std::string_view resource_version) const {
  if (!resource_version.empty()) {
    const auto oldest = parse_resource_version(resource_version);
    if (!oldest) return oldest.error();
    if (*oldest > impl_->store.revision()) return too_large_resource_version(*oldest, impl_->store.revision());
  }
  store::RecordPtr record = impl_->store.get(Impl::key_of(*kind.kind, name));
  if (!record) return api::not_found(kind.kind->group(), kind.kind->plural, name.name);
  return record;
}

std::size_t Registry::count(const Kind& kind) const { return impl_->store.count(kind.key_prefix()); }

std::shared_ptr<const std::string> Registry::encode(const ServedKind& kind, const store::RecordPtr& record) const {
  if (kind.version == &kind.kind->storage_version()) {
    return std::shared_ptr<const std::string>(record, &record->value);
  }
  auto document = to_document(*record);
  CHECK_INVARIANT(document.has_value() && "records are only encoded after a verb has returned them");
  return std::make_shared<const std::string>(to_json_text(Impl::to_version(kind, std::move(*document))));
}

api::Result<api::ObjectPtr> Registry::object(const ServedKind& kind, const store::RecordPtr& record) const {
  if (kind.version == &kind.kind->storage_version()) return impl_->objects->parsed(record);
  auto document = to_document(*record);
  if (!document) return document.error();
  return api::ObjectPtr(std::make_shared<const Json>(Impl::to_version(kind, std::move(*document))));
}

void Registry::follow(const ServedKind& kind) const { impl_->objects->follow(kind.kind->key_prefix()); }

api::Result<api::ObjectPtr> Registry::event_object(const ServedKind& kind, const store::RecordPtr& record) const {
  if (kind.version == &kind.kind->storage_version()) return impl_->objects->take(record);
  return object(kind, record);
}

std::function<void(const store::RecordPtr&)> Registry::Impl::shown_to_watchers(std::shared_ptr<Json> document) const {
  return [cache = objects, document = std::move(document)](const store::RecordPtr& record) {
    cache->put(record, std::move(*document));
  };
}

std::string Registry::Impl::key_of(const Kind& kind, const api::NamespacedName& name) {
  std::string key = kind.key_prefix();
  if (kind.namespaced) key += name.namespace_ + "/";
  return key + name.name;
}

std::string Registry::Impl::prefix_of(const Kind& kind, const std::string& namespace_) {
  std::string prefix = kind.key_prefix();
  if (kind.namespaced && !namespace_.empty()) prefix += namespace_ + "/";
  return prefix;
}

store::Scope Registry::Impl::scope_of(const Kind& kind, const std::string& namespace_, const Selection& selection) {
  store::Scope scope(prefix_of(kind, namespace_));
  const std::optional<std::string_view> name = selection.only_name();
  if (name && (!kind.namespaced || !namespace_.empty())) scope.path += *name;
  for (const SelectableField& field : kind.strategy->selectable_fields()) {
    if (field.indexed && !scope.attribute) scope.attribute = selection.only_attribute(field.name);
  }
  return scope;
}

Allocator* Registry::Impl::allocator_of(const Kind& kind) const {
  const auto found = allocators.find(&kind);
  return found == allocators.end() ? nullptr : found->second.get();
}

api::Result<void> Registry::Impl::check_subresource(const Kind& kind, std::string_view subresource) {
  if (subresource.empty() || (subresource == "status" && kind.has_status)) return {};
  if (subresource == "scale" && kind.scale) return {};
  if (const Kind::Subresource* found = kind.find_subresource(subresource)) {
    if (std::find(found->verbs.begin(), found->verbs.end(), "update") != found->verbs.end()) return {};
  }
  api::Status status;
  status.reason = api::Reason::kNotFound;
  status.message = "the server could not find the requested resource";
  return status;
}

api::Result<void> Registry::Impl::mutate(const AdmissionRequest& request, Json* object) const {
  for (const auto& plugin : admission) {
    if (auto admitted = plugin->mutate(request, object, registry); !admitted) return admitted;
  }
  return {};
}

api::Result<void> Registry::Impl::check(const AdmissionRequest& request, const Json* object) const {
  for (const auto& plugin : admission) {
    if (auto admitted = plugin->check(request, object, registry); !admitted) return admitted;
  }
  return {};
}

void Registry::Impl::warn(CallContext& context, const Kind& kind, const Json& object, const Json* old_object) {
  if (!context.wants_warnings) return;
  std::vector<std::string> warnings;
  kind.strategy->warn(object, old_object, warnings);
  for (std::string& warning : warnings) context.warn(std::move(warning));
}

api::Result<std::vector<store::Write>> Registry::Impl::charge(const RecordChange& change) const {
  std::vector<store::Write> charges;
  for (const auto& plugin : admission) {
    if (auto charged = plugin->charge(change, registry, charges); !charged) return charged.error();
  }
  return charges;
}

api::Result<void> check_size(const ObjectBytes& bytes) {
  if (bytes.value.size() <= Registry::kMaxObjectBytes) return {};
  api::Status status;
  status.reason = api::Reason::kRequestEntityTooLarge;
  status.message = "Request entity too large: limit is " + std::to_string(Registry::kMaxObjectBytes);
  return status;
}

store::RecordPtr dry_run_record(const Kind& kind, std::string key, const Json& object, std::string_view managed_fields,
                                const store::Record* current) {
  auto record = std::make_shared<store::Record>();
  record->key = std::move(key);
  record->attributes = attributes_of(kind, object);
  if (current == nullptr) {
    // Without a resourceVersion: there is none yet.
    ObjectBytes bytes = to_bytes(object, managed_fields);
    constexpr std::string_view kName = "\"resourceVersion\":\"";
    const std::size_t begin = bytes.revision_offset - kName.size();
    const bool is_last = bytes.value[bytes.revision_offset + 1] == '}';
    bytes.value.erase(is_last ? begin - 1 : begin, kName.size() + 2);
    record->value = std::move(bytes.value);
    return record;
  }
  ObjectBytes bytes = to_bytes(object, managed_fields);
  bytes.value.insert(bytes.revision_offset, std::to_string(current->mod_revision));
  record->value = std::move(bytes.value);
  record->revision_offset = bytes.revision_offset;
  record->create_revision = current->create_revision;
  record->mod_revision = current->mod_revision;
  record->version = current->version;
  return record;
}

}  // namespace skiff::server
