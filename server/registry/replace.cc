#include "api/schema/validate.h"
#include "api/views/meta.h"
#include "server/registry/impl.h"
#include "server/registry/object_meta.h"

namespace skiff::server {

namespace {

// That the client's object was made from the record that stands there, as far as it says so.
api::Result<void> check_preconditions(const Kind& kind, const std::string& name, const store::Record& record,
                                      const Json& current, const Json& object) {
  const std::string uid = string_at(object, {"metadata", "uid"});
  const std::string current_uid = string_at(current, {"metadata", "uid"});
  if (!uid.empty() && uid != current_uid) {
    return api::conflict(kind.group(), kind.plural, name,
                         "StorageError: invalid object, Code: 4, Key: /registry" + record.key +
                             ", ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: " +
                             uid + ", UID in object meta: " + current_uid);
  }
  const std::string version = string_at(object, {"metadata", "resourceVersion"});
  if (version.empty() || version == "0") {
    if (kind.strategy->allow_unconditional_update()) return {};
    api::FieldErrors errors;
    errors.add(api::FieldError{api::FieldErrorType::kInvalid, "metadata.resourceVersion", "0x0",
                               "must be specified for an update"});
    // Upstream names the plural here, unlike in other findings.
    return api::invalid(kind.group(), kind.plural, name, errors);
  }
  if (version != std::to_string(record.mod_revision)) {
    return api::object_modified(kind.group(), kind.plural, name);
  }
  return {};
}

void prepare(const Strategy& strategy, const std::string& subresource, Json& object, const Json& current,
             TimePoint now) {
  drop_unkept_metadata(object);
  Json& metadata = metadata_of(object);
  metadata.erase("generation");
  if (const Json* generation = find(current, {"metadata", "generation"})) metadata["generation"] = *generation;
  if (subresource == "status") {
    strategy.prepare_for_status_update(object, current, now);
  } else if (subresource.empty() || subresource == "scale") {
    strategy.prepare_for_update(object, current, now);
  } else {
    strategy.prepare_for_subresource_update(subresource, object, current);
  }
  carry_system_fields(object, current);
}

api::Result<void> validate_change(const Kind& kind, const std::string& name, const std::string& subresource,
                                  const Json& object, const ManagedFields& managed_fields, const Json& current) {
  const api::schema::Struct& type = *kind.storage_version().type;
  api::FieldErrors errors;
  validate_metadata(kind, object, errors);
  if (managed_fields.is_clients) validate_managed_fields(managed_fields.text, errors);
  validate_metadata_update(object, current, errors);
  api::schema::validate(type, object, "", errors);
  if (subresource.empty() || subresource == "scale") {
    kind.strategy->validate(object, errors);
    api::schema::validate_immutable(type, object, current, "", errors);
    kind.strategy->validate_update(object, current, errors);
  } else {
    kind.strategy->validate_status_update(object, current, errors);
  }
  if (!errors.empty()) return api::invalid(kind.group(), kind.kind, name, errors);
  return {};
}

// Whether the last thing that held a deleted object has gone with this update.
bool ends_deletion(const Strategy& strategy, const Json& object, const Json& current) {
  return api::is_terminating(current) && !has_finalizers(object) && !strategy.keeps_deleted(object) &&
         integer_at(current, {"metadata", "deletionGracePeriodSeconds"}) == 0;
}

// Sets the object's resourceVersion to the current one, which storing does anyway.
bool same_but_for_version(Json& object, const Json& current) {
  metadata_of(object)["resourceVersion"] = string_at(current, {"metadata", "resourceVersion"});
  return object == current;
}

}  // namespace

api::Result<Decision> Registry::Impl::replace(CallContext& context, const Kind& kind, const api::NamespacedName& name,
                                              const std::string& subresource, const store::Record& record,
                                              const Json& current, Json object, ManagedFields managed_fields) const {
  if (auto checked = check_preconditions(kind, name.name, record, current, object); !checked) return checked.error();
  const AdmissionRequest request{AdmissionRequest::Operation::kUpdate, kind, subresource, name, context, &current};
  if (auto admitted = mutate(request, &object); !admitted) return admitted.error();
  std::unique_ptr<Allocator::Transaction> allocation;
  if (Allocator* allocator = allocator_of(kind); allocator != nullptr && subresource.empty()) {
    auto begun = allocator->begin(object, &current);
    if (!begun) return begun.error();
    allocation = std::move(*begun);
  }
  prepare(*kind.strategy, subresource, object, current, clock.now());
  const bool remove = ends_deletion(*kind.strategy, object, current);
  if (!remove && !managed_fields.changed && same_but_for_version(object, current)) {
    Decision idle;
    idle.unchanged = true;
    return idle;
  }
  if (auto valid = validate_change(kind, name.name, subresource, object, managed_fields, current); !valid) {
    return valid.error();
  }
  if (subresource.empty() || subresource == "scale") warn(context, kind, object, &current);
  if (auto admitted = check(request, &object); !admitted) return admitted.error();
  return Decision{std::move(object), remove, false, std::move(allocation), std::move(managed_fields.text)};
}

}  // namespace skiff::server
