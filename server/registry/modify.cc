#include "api/base/log.h"
#include "server/registry/border.h"
#include "server/registry/impl.h"

namespace skiff::server {

Task<api::Result<Registry::Impl::Modified>> Registry::Impl::modify(CallContext& context, const Kind& kind,
                                                                   api::NamespacedName name, Decide decide) {
  const std::string key = key_of(kind, name);
  store::RecordPtr record = store.get(key);
  for (int attempt = 0; attempt <= kMaxConflictRetries; ++attempt) {
    if (!record) co_return api::not_found(kind.group(), kind.plural, name.name);
    auto current = objects->copy(record);
    if (!current) co_return current.error();
    auto decision = decide(*record, std::move(*current));
    if (!decision) co_return decision.error();
    if (decision->unchanged) co_return Modified{record, false};

    const std::string managed_fields = decision->managed_fields.value_or(std::string(managed_fields_of(*record)));
    store::Write write;
    write.key = key;
    write.expected = record->mod_revision;
    if (!decision->remove) {
      ObjectBytes bytes = to_bytes(decision->object, managed_fields);
      if (same_object(*record, bytes)) co_return Modified{record, false};
      if (auto fits = check_size(bytes); !fits) co_return fits.error();
      write.value = std::move(bytes.value);
      write.revision_offset = bytes.revision_offset;
      write.attributes = attributes_of(kind, decision->object);
    }
    auto charges = charge(RecordChange{kind, name, record.get(), decision->remove ? nullptr : &decision->object});
    if (!charges) co_return charges.error();
    write.together = std::move(*charges);
    if (context.dry_run) {
      if (decision->remove) co_return Modified{record, true};
      co_return Modified{dry_run_record(kind, key, decision->object, managed_fields, record.get()), false};
    }
    if (!decision->remove) {
      write.before_visible = shown_to_watchers(std::make_shared<Json>(std::move(decision->object)));
    }
    auto committed = co_await commit(store, std::move(write), context.deadline);
    if (!committed) {
      if (decision->allocation) decision->allocation->abandon();
      co_return committed.error();
    }
    if (committed->written) {
      if (decision->allocation) decision->allocation->commit();
      if (Allocator* allocator = allocator_of(kind); allocator != nullptr && decision->remove) {
        allocator->release(decision->object);
      }
      spdlog::debug("{} {} at {} -> {}", decision->remove ? "remove" : "update", key, record->mod_revision,
                    committed->record->mod_revision);
      co_return Modified{committed->record, decision->remove};
    }
    // When another write was charged to the same record first, the object itself is still the newest.
    record = committed->lost_companion ? store.get(key) : std::move(committed->record);
  }
  co_return api::object_modified(kind.group(), kind.plural, name.name);
}

}  // namespace skiff::server
