#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "api/base/task.h"
#include "api/client.h"
#include "api/resource.h"
#include "api/schema/schema.h"
#include "api/selector.h"
#include "api/status.h"
#include "server/registry/kind.h"
#include "store/store.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace skiff::server {

enum class FieldValidation { kIgnore, kWarn, kStrict };

struct WriteParams {
  FieldValidation field_validation = FieldValidation::kWarn;
  // Server-side apply only.
  bool force = false;
};

enum class VersionMatch { kUnset, kExact, kNotOlderThan };

struct ListParams {
  api::LabelSelector label_selector;
  api::FieldSelector field_selector;
  std::size_t limit = 0;  // 0 = all
  std::string continue_token;
  std::string resource_version;  // "", "0" or a revision
  VersionMatch version_match = VersionMatch::kUnset;
};

// A part of a list: bytes as stored, and what the list's metadata says.
struct ListPage {
  std::vector<store::RecordPtr> records;
  std::string resource_version;
  std::string continue_token;
  std::optional<std::size_t> remaining_item_count;  // only when no selector was given
};

// An event of a watch with selectors: a record that enters the selection is kAdded, one that leaves it kDeleted.
struct RegistryEvent {
  api::WatchEventType type = api::WatchEventType::kAdded;
  store::RecordPtr record;
};

// A store watch seen through selectors. As store::Watch: one thread at a time, poll until empty, then wait for the
// wake-up.
class RegistryWatch {
 public:
  RegistryWatch(std::unique_ptr<store::Watch> watch, api::LabelSelector labels, api::FieldSelector fields);
  [[nodiscard]] api::Result<void> poll(std::vector<RegistryEvent>& events, std::size_t max);
  // For bookmarks.
  [[nodiscard]] store::Revision position() const;

 private:
  std::unique_ptr<store::Watch> watch_;
  api::LabelSelector labels_;
  api::FieldSelector fields_;
  std::vector<store::EventPtr> batch_;
};

// The generic verbs over all kinds (upstream: registry/generic/registry.Store): decode strictly, default, admit,
// validate, ask the kind's strategy, compare-and-swap. Objects leave it as records: the stored bytes, in the storage
// version (encode() converts).
//
// Thread-safe. The coroutines run on their caller's executor and wait only for the store's commit. A lost
// compare-and-swap without a client's resourceVersion is tried again with the newer object (at most kMaxConflictRetries
// times).
class Registry {
 public:
  static constexpr int kMaxConflictRetries = 5;

  Registry(store::Store& store, const KindTable& kinds, const api::schema::Catalog& catalog, const Clock& clock);
  ~Registry();

  [[nodiscard]] const KindTable& kinds() const;

  [[nodiscard]] api::Result<store::RecordPtr> get(const ServedKind& kind, const api::NamespacedName& name) const;
  // All namespaces when `namespace_` is empty.
  [[nodiscard]] api::Result<ListPage> list(const ServedKind& kind, const std::string& namespace_,
                                           const ListParams& params) const;
  // Events after `resource_version`; "" and "0": the present state first, as kAdded events.
  [[nodiscard]] api::Result<std::unique_ptr<RegistryWatch>> watch(const ServedKind& kind, const std::string& namespace_,
                                                                  const ListParams& params,
                                                                  std::function<void()> wake) const;

  // `object` is a document of the kind's served version, as the client sent it.
  Task<api::Result<store::RecordPtr>> create(CallContext& context, ServedKind kind, std::string namespace_, Json object,
                                             WriteParams params);
  // `subresource`: "", "status" or "scale" (then `object` is a Scale, and the answer still the parent's record).
  Task<api::Result<store::RecordPtr>> update(CallContext& context, ServedKind kind, api::NamespacedName name,
                                             std::string subresource, Json object, WriteParams params);
  Task<api::Result<store::RecordPtr>> patch(CallContext& context, ServedKind kind, api::NamespacedName name,
                                            std::string subresource, api::PatchType type, Json patch,
                                            WriteParams params);
  struct Deleted {
    store::RecordPtr record;  // the last state, or the new one when it is only marked
    bool gone = false;        // false: finalizers or a grace period keep it
  };
  Task<api::Result<Deleted>> remove(CallContext& context, ServedKind kind, api::NamespacedName name,
                                    api::DeleteOptions options);
  // Removes what the selectors choose, one by one; the answer lists the records as they were.
  Task<api::Result<ListPage>> remove_collection(CallContext& context, ServedKind kind, std::string namespace_,
                                                ListParams params, api::DeleteOptions options);
  // pods/binding: sets spec.nodeName once, and the PodScheduled condition. `binding` is a v1 Binding.
  Task<api::Result<void>> bind(CallContext& context, api::NamespacedName pod, Json binding);

  // The bytes of a record in the version that the client asked for; shared with the store when that is the storage
  // version.
  [[nodiscard]] std::shared_ptr<const std::string> encode(const ServedKind& kind, const store::RecordPtr& record) const;
  // The autoscaling/v1 Scale of a record.
  [[nodiscard]] Json scale_of(const ServedKind& kind, const store::Record& record) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace skiff::server
