#include "api/base/log.h"
#include "api/schema/validate.h"
#include "server/registry/address.h"
#include "server/registry/border.h"
#include "server/registry/field_manager.h"
#include "server/registry/impl.h"
#include "server/registry/object_meta.h"

namespace skiff::server {

namespace {

// How often a generated name that is taken is replaced by another.
constexpr int kGenerateNameTries = 8;

api::Result<void> validate_new(const Kind& kind, const Json& object, const ManagedFields& managed_fields) {
  api::FieldErrors errors;
  validate_metadata(kind, object, errors);
  if (managed_fields.is_clients) validate_managed_fields(managed_fields.text, errors);
  api::schema::validate(*kind.storage_version().type, object, "", errors);
  kind.strategy->validate(object, errors);
  kind.strategy->validate_create(object, errors);
  if (!errors.empty()) return api::invalid(kind.group(), kind.kind, string_at(object, {"metadata", "name"}), errors);
  return {};
}

api::Result<std::unique_ptr<Allocator::Transaction>> allocate(Allocator* allocator, Json& object) {
  if (allocator == nullptr) return std::unique_ptr<Allocator::Transaction>();
  return allocator->begin(object, nullptr);
}

// `generated`: the client gave a metadata.generateName, so another try may succeed.
api::Status name_taken(const Kind& kind, const std::string& name, bool generated) {
  api::Status status = api::already_exists(kind.group(), kind.plural, name);
  if (generated) {
    status.message += ", the server was not able to generate a unique name for the object";
    status.retry_after_seconds = 1;
  }
  return status;
}

}  // namespace

Task<api::Result<store::RecordPtr>> Registry::create(CallContext& context, ServedKind kind, std::string namespace_,
                                                     Json object, WriteParams params) {
  auto decoded = impl_->decode(context, kind, std::move(object), params);
  if (!decoded) co_return decoded.error();
  const FieldManager fields(kind, "", context, impl_->clock.now());
  ManagedFields managed_fields = fields.create(*decoded);
  co_return co_await impl_->create(context, *kind.kind, std::move(namespace_), std::move(*decoded),
                                   std::move(managed_fields));
}

Task<api::Result<store::RecordPtr>> Registry::Impl::create(CallContext& context, const Kind& kind,
                                                           std::string namespace_, Json object,
                                                           ManagedFields managed_fields) {
  if (auto taken = take_namespace(kind, namespace_, object); !taken) co_return taken.error();
  const api::NamespacedName asked_name{namespace_, string_at(object, {"metadata", "name"})};
  const AdmissionRequest request{AdmissionRequest::Operation::kCreate, kind, "", asked_name, context, nullptr};
  if (auto admitted = mutate(request, &object); !admitted) co_return admitted.error();

  drop_unkept_metadata(object);
  metadata_of(object).erase("generation");
  fill_system_fields(object, clock.now());
  const std::string prefix = asked_name.name.empty() ? string_at(object, {"metadata", "generateName"}) : "";
  if (!prefix.empty()) object["metadata"]["name"] = generate_name(prefix);
  auto allocation = allocate(allocator_of(kind), object);
  if (!allocation) co_return allocation.error();
  kind.strategy->prepare_for_create(object, clock.now());
  if (auto valid = validate_new(kind, object, managed_fields); !valid) co_return valid.error();
  warn(context, kind, object, nullptr);
  AdmissionRequest named = request;
  named.name.name = string_at(object, {"metadata", "name"});
  if (auto admitted = check(named, &object); !admitted) co_return admitted.error();
  if (const std::string version = string_at(object, {"metadata", "resourceVersion"}); !version.empty()) {
    // Upstream's answer, an error without a reason.
    api::Status status;
    status.message = "resourceVersion should not be set on objects to be created";
    co_return status;
  }
  co_return co_await insert(context, kind, std::move(namespace_), prefix, std::move(object),
                            std::move(managed_fields.text), allocation->get());
}

Task<api::Result<store::RecordPtr>> Registry::Impl::insert(CallContext& context, const Kind& kind,
                                                           std::string namespace_, std::string prefix, Json object,
                                                           std::string managed_fields,
                                                           Allocator::Transaction* allocation) {
  // Shared with the writer thread, which hands it on to those who watch.
  const auto document = std::make_shared<Json>(std::move(object));
  int lost_charges = 0;
  for (int attempt = 1;;) {
    const api::NamespacedName full_name{namespace_, string_at(*document, {"metadata", "name"})};
    const std::string& name = full_name.name;
    const std::string key = key_of(kind, full_name);
    auto charges = charge(RecordChange{kind, full_name, nullptr, document.get()});
    if (!charges) co_return charges.error();
    ObjectBytes bytes = to_bytes(*document, managed_fields);
    if (auto fits = check_size(bytes); !fits) co_return fits.error();
    const bool exists = store.get(key) != nullptr;
    if (!exists && context.dry_run) co_return dry_run_record(kind, key, *document, managed_fields, nullptr);
    if (!exists) {
      store::Write write;
      write.key = key;
      write.value = std::move(bytes.value);
      write.revision_offset = bytes.revision_offset;
      write.attributes = attributes_of(kind, *document);
      write.before_visible = shown_to_watchers(document);
      write.together = std::move(*charges);
      auto committed = co_await commit(store, std::move(write), context.deadline);
      if (!committed) {
        if (allocation != nullptr) allocation->abandon();
        co_return committed.error();
      }
      if (committed->written) {
        if (allocation != nullptr) allocation->commit();
        spdlog::debug("create {} -> {}", committed->record->key, committed->record->mod_revision);
        co_return std::move(committed->record);
      }
      if (committed->lost_companion) {
        // Another write was charged to the same record first.
        if (++lost_charges > kMaxConflictRetries) co_return api::object_modified(kind.group(), kind.plural, name);
        continue;
      }
    }
    if (prefix.empty() || attempt++ == kGenerateNameTries) {
      co_return name_taken(kind, name, find(*document, {"metadata", "generateName"}) != nullptr);
    }
    (*document)["metadata"]["name"] = generate_name(prefix);
  }
}

}  // namespace skiff::server
