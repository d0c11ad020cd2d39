#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "api/base/task.h"
#include "api/client.h"
#include "api/resource.h"
#include "api/schema/schema.h"
#include "api/selector.h"
#include "api/status.h"
#include "server/admission/admission.h"
#include "server/registry/kind.h"
#include "server/registry/selection.h"
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
  // What the parser of the body found (ParsedJson::duplicate_fields); reported along with unknown fields.
  std::vector<std::string> duplicate_fields;
  // Server-side apply: take fields from other managers instead of refusing.
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

// Where a watch begins.
struct WatchParams {
  api::LabelSelector label_selector;
  api::FieldSelector field_selector;
  std::string resource_version;  // "", "0" or a revision
  // Whether the present state comes first, as kAdded events. Nothing: it does for the versions "" and "0".
  std::optional<bool> initial_events;
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
  // For kDeleted the last state that was selected, with the revision of its leaving as resourceVersion.
  store::RecordPtr record;
};

// A store watch seen through selectors. As store::Watch: one thread at a time, poll until empty, then wait for the
// wake-up.
class RegistryWatch {
 public:
  // `initial`: the present state, reported as kAdded events before anything else.
  RegistryWatch(std::unique_ptr<store::Watch> watch, Selection selection, std::vector<store::RecordPtr> initial);

  // Appends up to `max` events. None: all have been seen, the wake-up is armed. kExpired, kServiceUnavailable end it.
  [[nodiscard]] api::Result<void> poll(std::vector<RegistryEvent>& events, std::size_t max);
  // For bookmarks: everything up to this revision has been reported. 0 while the present state has not.
  [[nodiscard]] store::Revision position() const;

 private:
  std::unique_ptr<store::Watch> watch_;
  Selection selection_;
  std::vector<store::RecordPtr> initial_;
  std::size_t initial_reported_ = 0;
  std::vector<store::EventPtr> batch_;
};

// The generic verbs over all kinds (upstream: registry/generic/registry.Store): decode strictly, default, admit,
// validate, ask the kind's strategy, compare-and-swap. Objects leave it as records: the stored bytes, in the storage
// version (encode() converts).
//
// Keys are "/<plural>[.<group>]/<namespace>/<name>", without the namespace for cluster-scoped kinds. A value is the
// object's JSON; its metadata.resourceVersion is the text at Record::revision_offset, put there by the store.
//
// Thread-safe. The coroutines run on their caller's executor, which runs one thing at a time (a strand), and wait only
// for the store's commit. A lost compare-and-swap without a client's resourceVersion is tried again with the newer
// object (at most kMaxConflictRetries times, each of which means that another writer got on).
//
// With CallContext::dry_run everything happens but the write; the record returned is in no store.
class Registry {
 public:
  static constexpr int kMaxConflictRetries = 200;
  // An object may have this many bytes when stored: what etcd takes in one request by default.
  static constexpr std::size_t kMaxObjectBytes = 1536 * 1024;

  Registry(store::Store& store, const KindTable& kinds, const api::schema::Catalog& catalog, const Clock& clock,
           AdmissionChain admission);
  ~Registry();

  [[nodiscard]] const KindTable& kinds() const;
  [[nodiscard]] const Clock& clock() const;

  // `resource_version`: "" or "0" for the newest, or the oldest revision that will do.
  [[nodiscard]] api::Result<store::RecordPtr> get(const ServedKind& kind, const api::NamespacedName& name,
                                                  std::string_view resource_version = "") const;
  // All namespaces when `namespace_` is empty. The parameters fit together (handlers/parameters.h sees to it).
  // kBadRequest for a version or token that is none, kExpired for one that is too old, kTimeout for one to come.
  [[nodiscard]] api::Result<ListPage> list(const ServedKind& kind, const std::string& namespace_,
                                           const ListParams& params) const;
  // Events after params.resource_version; after the newest revision when that is "" or "0" or when the present state
  // comes first. `wake` is called on the store's writer thread, see store::Store::watch. Errors as of list().
  [[nodiscard]] api::Result<std::unique_ptr<RegistryWatch>> watch(const ServedKind& kind, const std::string& namespace_,
                                                                  const WatchParams& params,
                                                                  std::function<void()> wake) const;

  // `object` is a document of the kind's served version, as the client sent it.
  Task<api::Result<store::RecordPtr>> create(CallContext& context, ServedKind kind, std::string namespace_, Json object,
                                             WriteParams params);

  struct Written {
    store::RecordPtr record;
    bool created = false;  // the update made it (kinds that allow that)
  };
  // `subresource`: "", "status", a name from Kind::subresources that is updated like the object ("finalize"), or
  // "scale" (then `object` is an autoscaling/v1 Scale, and the answer still the parent's record).
  Task<api::Result<Written>> update(CallContext& context, ServedKind kind, api::NamespacedName name,
                                    std::string subresource, Json object, WriteParams params);
  // As update, with a patch against the object in the served version. For PatchType::kApply the patch is the
  // configuration to apply on behalf of context.field_manager, and an object that does not exist is created.
  Task<api::Result<Written>> patch(CallContext& context, ServedKind kind, api::NamespacedName name,
                                   std::string subresource, api::PatchType type, Json patch, WriteParams params);

  struct Deleted {
    store::RecordPtr record;  // the last state, or the new one when it is only marked
    bool gone = false;        // false: finalizers or a grace period keep it
  };
  Task<api::Result<Deleted>> remove(CallContext& context, ServedKind kind, api::NamespacedName name,
                                    api::DeleteOptions options);
  // Removes what list() gives, one by one, so of a larger collection only params.limit objects. The answer is that
  // list: the records as they were before. An error leaves the rest where it is.
  Task<api::Result<ListPage>> remove_collection(CallContext& context, ServedKind kind, std::string namespace_,
                                                ListParams params, api::DeleteOptions options);
  // pods/binding: sets spec.nodeName once, and the PodScheduled condition. `binding` is a v1 Binding.
  Task<api::Result<void>> bind(CallContext& context, api::NamespacedName pod, Json binding);
  // pods/eviction: a deletion that takes a disruption from the pod's PodDisruptionBudget, and is refused when there is
  // none to take: kTooManyRequests, with the cause DisruptionBudget.
  Task<api::Result<void>> evict(CallContext& context, api::NamespacedName pod, api::DeleteOptions options);

  // How many objects of the kind there are.
  [[nodiscard]] std::size_t count(const Kind& kind) const;

  // The bytes of a record in the version that the client asked for; shared with the store when that is the storage
  // version.
  [[nodiscard]] std::shared_ptr<const std::string> encode(const ServedKind& kind, const store::RecordPtr& record) const;
  // The parsed document of a record in that version, shared among those who ask for the same (storage version only).
  [[nodiscard]] api::Result<api::ObjectPtr> object(const ServedKind& kind, const store::RecordPtr& record) const;
  // For components of this process that watch the kind: from now on the objects that are written in it wait for
  // event_object(), which is object() for the record of an event.
  void follow(const ServedKind& kind) const;
  [[nodiscard]] api::Result<api::ObjectPtr> event_object(const ServedKind& kind, const store::RecordPtr& record) const;
  // The autoscaling/v1 Scale of a record.
  [[nodiscard]] Json scale_of(const ServedKind& kind, const store::Record& record) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace skiff::server
