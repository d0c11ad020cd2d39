#pragma once

#include "server/registry/allocator.h"
#include "server/registry/field_manager.h"
#include "server/registry/object_cache.h"
#include "server/registry/record.h"
#include "server/registry/registry.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace skiff::server {

// What a read-modify-write decides about the object that stands there.
struct Decision {
  Json object;             // its new state, without managers
  bool remove = false;     // it goes instead
  bool unchanged = false;  // it stays as it is; `object` says nothing
  // What the new state takes from its kind's stock; null for kinds that have none.
  std::unique_ptr<Allocator::Transaction> allocation = nullptr;
  // The text of its metadata.managedFields; nothing: that of the record.
  std::optional<std::string> managed_fields = std::nullopt;
};

// The parts that the verbs share; each verb has a file of its own.
struct Registry::Impl {
  Registry& registry;
  store::Store& store;
  const KindTable& kinds;
  const api::schema::Catalog& catalog;
  const Clock& clock;
  AdmissionChain admission;
  std::map<const Kind*, std::unique_ptr<Allocator>> allocators;
  // Shared with writes that are under way, which may end after the registry.
  const std::shared_ptr<ObjectCache> objects = std::make_shared<ObjectCache>();

  [[nodiscard]] static std::string key_of(const Kind& kind, const api::NamespacedName& name);
  // Of all objects of a kind, or of those in one namespace.
  [[nodiscard]] static std::string prefix_of(const Kind& kind, const std::string& namespace_);
  // Where a selection can find anything: below that prefix, or the key of a single name; only the objects with one
  // value of an indexed field.
  [[nodiscard]] static store::Scope scope_of(const Kind& kind, const std::string& namespace_,
                                             const Selection& selection);

  // Null for kinds whose objects share nothing.
  [[nodiscard]] Allocator* allocator_of(const Kind& kind) const;

  // kNotFound for a subresource that the kind does not let clients update.
  [[nodiscard]] static api::Result<void> check_subresource(const Kind& kind, std::string_view subresource);

  // decode.cc: a client's document of the served version as an object of the storage version, with defaults.
  [[nodiscard]] api::Result<Json> decode(CallContext& context, const ServedKind& kind, Json document,
                                         const WriteParams& params) const;
  // Back: the object as the version shows it.
  [[nodiscard]] static Json to_version(const ServedKind& kind, Json object);

  // Run the plugins; `object` is null for deletions.
  [[nodiscard]] api::Result<void> mutate(const AdmissionRequest& request, Json* object) const;
  [[nodiscard]] api::Result<void> check(const AdmissionRequest& request, const Json* object) const;
  // Tells the client what the kind's strategy warns of.
  static void warn(CallContext& context, const Kind& kind, const Json& object, const Json* old_object);
  // Write::before_visible: the object that is written is at hand for those who watch.
  [[nodiscard]] std::function<void(const store::RecordPtr&)> shown_to_watchers(std::shared_ptr<Json> document) const;
  // What is committed along with a change.
  [[nodiscard]] api::Result<std::vector<store::Write>> charge(const RecordChange& change) const;

  // replace.cc: what becomes of `current` when a client wants `object` instead. Both without their managers;
  // `managed_fields` is what they are to be.
  [[nodiscard]] api::Result<Decision> replace(CallContext& context, const Kind& kind, const api::NamespacedName& name,
                                              const std::string& subresource, const store::Record& record,
                                              const Json& current, Json object, ManagedFields managed_fields) const;

  // modify.cc: reads, asks `decide`, writes; again with the newer object when another writer came first. `current` is
  // the record's document without its managers. A decision that changes nothing writes nothing. `decide` must stay
  // valid until the task ends.
  using Decide = std::function<api::Result<Decision>(const store::Record& record, Json current)>;
  struct Modified {
    store::RecordPtr record;
    bool removed = false;
  };
  Task<api::Result<Modified>> modify(CallContext& context, const Kind& kind, api::NamespacedName name, Decide decide);

  // create.cc: from an object that decode() made, without its managers.
  Task<api::Result<store::RecordPtr>> create(CallContext& context, const Kind& kind, std::string namespace_,
                                             Json object, ManagedFields managed_fields);
  // Its last step: stores the object and what it is charged to. A name that was generated from `prefix` and is taken is
  // replaced by another. `allocation`: of what the object takes, or null.
  Task<api::Result<store::RecordPtr>> insert(CallContext& context, const Kind& kind, std::string namespace_,
                                             std::string prefix, Json object, std::string managed_fields,
                                             Allocator::Transaction* allocation);

  // apply.cc: server-side apply.
  struct Apply;
  Task<api::Result<Written>> apply(CallContext& context, ServedKind kind, api::NamespacedName name,
                                   std::string subresource, Json configuration, WriteParams params);

  // evict.cc: the PodDisruptionBudgets that cover a pod, and what an eviction does when they allow it.
  [[nodiscard]] api::Result<std::vector<Json>> budgets_of(const Json& pod) const;
  Task<api::Result<void>> remove_evicted(CallContext& context, api::NamespacedName pod, api::DeleteOptions options);

  // scale.cc: the type of a Scale, the Scale of an object, and the object with the replicas that a Scale asks for.
  [[nodiscard]] const api::schema::Struct& scale_type() const;
  [[nodiscard]] static Json scale_document(const Kind& kind, const Json& object);
  [[nodiscard]] static api::Result<Json> with_scale(const Json& current, const Json& scale);
};

// kRequestEntityTooLarge when the bytes are more than a record may have.
[[nodiscard]] api::Result<void> check_size(const ObjectBytes& bytes);

// A record that is in no store: the answer of a dry run.
[[nodiscard]] store::RecordPtr dry_run_record(const Kind& kind, std::string key, const Json& object,
                                              std::string_view managed_fields, const store::Record* current);

}  // namespace skiff::server
