#include "server/controllers/owned_pods.h"

#include "api/views/meta.h"
#include "server/controllers/claim.h"
#include "server/controllers/keys.h"
#include "server/controllers/namespace_child.h"
#include "server/controllers/orphans.h"

#include <algorithm>
#include <set>
#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

// Finds out with one request whether the server takes pods at all before sending many.
constexpr std::size_t kFirstBatch = 1;
// What is under way takes many times the room of what is done, and larger commits are not cheaper ones.
constexpr std::size_t kLargestBatch = 128;

std::optional<api::LabelSelector> parsed(const Json& selector) {
  auto result = api::LabelSelector::from_object(selector);
  if (!result) return std::nullopt;
  return std::move(*result);
}

}  // namespace

std::optional<api::LabelSelector> label_selector_of(const Json& owner) {
  const Json* selector = find(owner, {"spec", "selector"});
  return parsed(selector == nullptr ? Json() : *selector);
}

std::optional<api::LabelSelector> label_map_selector_of(const Json& owner) {
  const Json* labels = find(owner, {"spec", "selector"});
  if (labels == nullptr) return parsed(Json());
  return parsed(Json{{"matchLabels", *labels}});
}

OwnedPods::OwnedPods(const Context& context, Owners owners, std::string component)
    : executor_(context.executor),
      client_(context.client),
      clock_(context.clock),
      owners_(std::move(owners)),
      owner_informer_(context.informers.informer(owners_.type)),
      pods_(context.informers.informer(api::kPods)),
      events_(context.executor, context.client, context.clock, api::EventRecorder::Source{std::move(component), ""}) {
  add_orphan_indexes(owner_informer_, pods_);
  api::InformerHandlers handlers;
  handlers.added = [this](const ObjectPtr& pod) { on_added(pod); };
  handlers.updated = [this](const ObjectPtr& old_pod, const ObjectPtr& pod) { on_updated(old_pod, pod); };
  handlers.deleted = [this](const ObjectPtr& pod) { on_deleted(pod); };
  pods_.add_handlers(std::move(handlers));
}

void OwnedPods::on_added(const ObjectPtr& pod) {
  if (api::is_terminating(*pod)) return on_deleted(pod);
  if (api::controller_of(*pod) == nullptr) return on_orphan(*pod);
  const ObjectPtr owner = owner_of(*pod);
  if (!owner) return;
  const std::string key = key_text(*owner);
  expectations_.creation_observed(key);
  owners_.changed(*owner, up_to_date(key));
}

void OwnedPods::on_updated(const ObjectPtr& old_pod, const ObjectPtr& pod) {
  // The end of a pod counts from the moment it is asked to stop: its replacement does not wait for it.
  if (api::is_terminating(*pod) && !api::is_terminating(*old_pod)) return on_deleted(pod);
  const ObjectPtr owner = owner_of(*pod);
  const ObjectPtr old_owner = owner_of(*old_pod);
  if (old_owner && old_owner != owner) owners_.changed(*old_owner, false);
  if (owner) return owners_.changed(*owner, false);
  const bool is_orphan = api::controller_of(*pod) == nullptr;
  const bool may_match_now = old_owner || api::labels_of(*pod) != api::labels_of(*old_pod);
  if (is_orphan && may_match_now) on_orphan(*pod);
}

void OwnedPods::on_deleted(const ObjectPtr& pod) {
  const ObjectPtr owner = owner_of(*pod);
  if (!owner) return;
  expectations_.deletion_observed(key_text(*owner), api::uid_of(*pod));
  owners_.changed(*owner, false);
}

void OwnedPods::on_orphan(const Json& pod) {
  for (const ObjectPtr& owner : possible_owners(owner_informer_, pod)) {
    const auto selector = owners_.selector(*owner);
    if (selector && selector->matches_object_labels(api::labels_of(pod))) owners_.changed(*owner, false);
  }
}

ObjectPtr OwnedPods::owner_of(const Json& pod) const {
  const Json* reference = api::controller_of(pod);
  if (reference == nullptr || string_at(*reference, {"kind"}) != owners_.type.kind) return nullptr;
  ObjectPtr owner = owner_informer_.cache().get({api::namespace_of(pod), string_at(*reference, {"name"})});
  if (!owner || api::uid_of(*owner) != string_at(*reference, {"uid"})) return nullptr;
  return owner;
}

Task<api::Result<std::vector<ObjectPtr>>> OwnedPods::claim(ObjectPtr owner) {
  const auto selector = owners_.selector(*owner);
  if (!selector) co_return std::vector<ObjectPtr>();
  std::vector<ObjectPtr> candidates = adoption_candidates(pods_, *owner);
  co_return co_await controllers::claim(client_, owners_.type, owner, api::kPods, *selector, std::move(candidates),
                                        owners_.finalizer);
}

Task<std::optional<PodFailure>> OwnedPods::change(std::string key, ObjectPtr owner, PodChanges changes) {
  std::set<std::string> uids;
  for (const ObjectPtr& pod : changes.remove) uids.insert(api::uid_of(*pod));
  expectations_.expect(key, static_cast<int>(changes.create), std::move(uids), clock_.now());
  TaskGroup batch(executor_);
  Failure failure;
  std::size_t made = 0;
  for (std::size_t size = kFirstBatch; made < changes.create && !failure; size = std::min(size * 2, kLargestBatch)) {
    const std::size_t end = made + std::min(size, changes.create - made);
    for (; made < end; ++made) batch.spawn(create(key, owner, changes.make(made), &failure));
    co_await batch.join();
  }
  // Those that were not even tried.
  if (made < changes.create) expectations_.creation_observed(key, static_cast<int>(changes.create - made));
  for (const ObjectPtr& pod : changes.remove) batch.spawn(remove(key, owner, pod, &failure));
  co_await batch.join();
  co_return failure;
}

Task<void> OwnedPods::create(std::string key, ObjectPtr owner, Json pod, Failure* failure) {
  const std::string namespace_ = api::namespace_of(*owner);
  const api::WriteOptions options;
  const api::Result<ObjectPtr> created = co_await client_.create(api::kPods, namespace_, std::move(pod), options);
  if (created) {
    events_.normal(*owner, "SuccessfulCreate", "Created pod: " + api::name_of(**created));
    co_return;
  }
  expectations_.creation_observed(key);
  // The owner itself will be gone soon.
  if (is_namespace_terminating(created.error())) co_return;
  events_.warning(*owner, "FailedCreate", "Error creating: " + created.error().message);
  *failure = PodFailure{"FailedCreate", created.error().message};
}

Task<void> OwnedPods::remove(std::string key, ObjectPtr owner, ObjectPtr pod, Failure* failure) {
  api::DeleteOptions options;
  options.uid = api::uid_of(*pod);
  const api::NamespacedName name = api::key_of(*pod);
  const api::Result<ObjectPtr> removed = co_await client_.remove(api::kPods, name, options);
  if (removed) {
    events_.normal(*owner, "SuccessfulDelete", "Deleted pod: " + name.name);
    co_return;
  }
  expectations_.deletion_observed(key, options.uid);
  const api::Reason reason = removed.error().reason;
  if (reason == api::Reason::kNotFound || reason == api::Reason::kConflict) co_return;  // gone, or another pod by now
  events_.warning(*owner, "FailedDelete", "Error deleting: " + removed.error().message);
  *failure = PodFailure{"FailedDelete", removed.error().message};
}

}  // namespace skiff::controllers
