#include "server/controllers/garbage_collector/garbage_collector.h"

#include "api/views/meta.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;
using Done = api::Result<void>;

namespace {

constexpr const char* kForegroundFinalizer = "foregroundDeletion";
constexpr const char* kOrphanFinalizer = "orphan";

// An object that is gone needs nothing more.
template <class T>
Done ignore_not_found(const api::Result<T>& result) {
  if (result || result.error().reason == api::Reason::kNotFound) return Done();
  return result.error();
}

bool is_not_found(const api::Result<ObjectPtr>& result) {
  return !result && result.error().reason == api::Reason::kNotFound;
}

std::string collection_name(const api::ResourceType& type) {
  return std::string(type.plural) + "." + std::string(type.group);
}

}  // namespace

GarbageCollector::GarbageCollector(const Context& context, const std::vector<api::ResourceType>& types)
    : client_(context.client),
      graph_(types),
      collector_(context.executor, context.queue_metrics, "garbage_collector_attempt_to_delete", kWorkers,
                 [this](std::string uid) { return collect(std::move(uid)); }),
      orphaner_(context.executor, context.queue_metrics, "garbage_collector_attempt_to_orphan", kWorkers,
                [this](std::string uid) { return orphan(std::move(uid)); }) {
  for (const api::ResourceType& type : types) {
    api::Informer& informer = context.informers.metadata_informer(type);
    const api::ResourceType& own = informer.resource();
    api::InformerHandlers handlers;
    handlers.added = [this, &own](const ObjectPtr& object) { enqueue(graph_.observe(own, *object)); };
    handlers.updated = [this, &own](const ObjectPtr&, const ObjectPtr& object) {
      enqueue(graph_.observe(own, *object));
    };
    handlers.deleted = [this](const ObjectPtr& object) { enqueue(graph_.remove(api::uid_of(*object))); };
    informer.add_handlers(std::move(handlers));
  }
}

void GarbageCollector::start() {
  collector_.start();
  orphaner_.start();
}

Task<void> GarbageCollector::stop() {
  co_await collector_.stop();
  co_await orphaner_.stop();
}

void GarbageCollector::enqueue(const OwnerGraph::Work& work) {
  for (const std::string& uid : work.collect) collector_.enqueue(uid);
  for (const std::string& uid : work.orphan) orphaner_.enqueue(uid);
}

Task<Done> GarbageCollector::collect(std::string uid) {
  const OwnerGraph::Node* known = graph_.find(uid);
  if (known == nullptr) co_return Done();
  const OwnerGraph::Node node = *known;  // the graph may change while we wait
  if (node.is_virtual) co_return co_await collect_virtual(node);
  if (node.is_deleting_dependents()) co_return co_await finish_foreground(node);
  if (node.being_deleted || node.owner_references().empty()) co_return Done();
  co_return co_await collect_dependent(node);
}

// An owner that somebody named and that has not been seen: either it comes, or its dependents have to know.
Task<Done> GarbageCollector::collect_virtual(OwnerGraph::Node node) {
  const api::Result<ObjectPtr> live = co_await client_.get(node.type, node.name);
  const bool gone = is_not_found(live) || (live && api::uid_of(**live) != node.uid);
  if (!live && !gone) co_return live.error();
  const OwnerGraph::Node* known = graph_.find(node.uid);
  if (gone && known != nullptr && known->is_virtual) enqueue(graph_.remove(node.uid));
  co_return Done();
}

Task<Done> GarbageCollector::finish_foreground(OwnerGraph::Node node) {
  const std::vector<std::string> blocking = graph_.blocking_dependents(node.uid);
  if (blocking.empty()) co_return co_await remove_finalizer(node, kForegroundFinalizer);
  for (const std::string& dependent : blocking) {
    const OwnerGraph::Node* known = graph_.find(dependent);
    if (known != nullptr && !known->being_deleted) collector_.enqueue(dependent);
  }
  co_return Done();
}

Task<Done> GarbageCollector::collect_dependent(OwnerGraph::Node node) {
  const api::Result<Owners> owners = co_await classify_owners(node);
  if (!owners) co_return owners.error();
  if (owners->solid > 0) {
    std::set<std::string> gone = owners->dangling;
    gone.insert(owners->waiting.begin(), owners->waiting.end());
    if (gone.empty()) co_return Done();
    co_return co_await remove_owners(node, std::move(gone));
  }
  const std::set<std::string> dependents = graph_.dependents(node.uid);
  if (!owners->waiting.empty() && !dependents.empty()) {
    // The owner waits for this one and its dependents; in a circle somebody has to stop waiting.
    for (const std::string& dependent : dependents) {
      const OwnerGraph::Node* known = graph_.find(dependent);
      if (known == nullptr || !known->is_deleting_dependents()) continue;
      const Done unblocked = co_await unblock_owners(node);
      if (!unblocked) co_return unblocked.error();
      break;
    }
    co_return co_await remove_object(node, "Foreground");
  }
  // A finalizer that is there already says how its own dependents are meant to be treated.
  std::string policy = "Background";
  if (node.has_foreground_finalizer) policy = "Foreground";
  if (node.has_orphan_finalizer) policy = "Orphan";
  co_return co_await remove_object(node, std::move(policy));
}

Task<api::Result<GarbageCollector::Owners>> GarbageCollector::classify_owners(OwnerGraph::Node node) {
  Owners owners;
  for (const Json& owner : node.owner_references()) {
    const std::string uid = string_at(owner, {"uid"});
    const OwnerGraph::Node* known = graph_.find(uid);
    // If it is gone and the informer is late, its removal will bring us here again.
    if (known != nullptr && !known->is_virtual && graph_.is_named_by(*known, owner, node)) {
      if (known->is_deleting_dependents()) {
        owners.waiting.insert(uid);
      } else {
        ++owners.solid;
      }
      continue;
    }
    const api::Result<bool> absent = co_await is_absent(node, owner);
    if (!absent) co_return absent.error();
    if (*absent) {
      owners.dangling.insert(uid);
    } else {
      ++owners.solid;
    }
  }
  co_return owners;
}

Task<api::Result<bool>> GarbageCollector::is_absent(OwnerGraph::Node node, Json owner) {
  const std::string uid = string_at(owner, {"uid"});
  const api::ResourceType* type = graph_.type_of(owner);
  // What cannot be looked up is not known to be gone. An owner in a namespace cannot own what is in none.
  if (type == nullptr || (type->namespaced && !node.type.namespaced)) co_return false;
  api::NamespacedName name;
  name.name = string_at(owner, {"name"});
  if (type->namespaced) name.namespace_ = node.name.namespace_;
  // What is not in this place may well be in another.
  const std::string place = collection_name(*type) + "/" + name.to_string() + "/" + uid;
  if (absent_owners_.contains(place)) co_return true;
  const api::Result<ObjectPtr> live = co_await client_.get(*type, name);
  const bool gone = is_not_found(live) || (live && api::uid_of(**live) != uid);
  if (!live && !gone) co_return live.error();
  if (!gone) co_return false;
  if (absent_owners_.size() >= kMaxAbsentOwners) absent_owners_.clear();
  absent_owners_.insert(place);
  co_return true;
}

Task<Done> GarbageCollector::orphan(std::string uid) {
  const OwnerGraph::Node* known = graph_.find(uid);
  if (known == nullptr || !known->must_orphan_dependents()) co_return Done();
  const OwnerGraph::Node node = *known;
  const std::set<std::string> dependents = graph_.dependents(uid);
  const std::set<std::string> owner = {uid};
  for (const std::string& dependent : dependents) {
    const OwnerGraph::Node* child = graph_.find(dependent);
    if (child == nullptr) continue;
    const Done freed = co_await remove_owners(*child, owner);
    if (!freed) co_return freed.error();
  }
  co_return co_await remove_finalizer(node, kOrphanFinalizer);
}

Task<Done> GarbageCollector::remove_owners(OwnerGraph::Node node, std::set<std::string> owner_uids) {
  Json owners = Json::array();
  for (const Json& owner : node.owner_references()) {
    if (!owner_uids.contains(string_at(owner, {"uid"}))) owners.push_back(owner);
  }
  co_return co_await patch_owners(node, std::move(owners));
}

Task<Done> GarbageCollector::unblock_owners(OwnerGraph::Node node) {
  Json owners = node.owner_references();
  for (Json& owner : owners) owner["blockOwnerDeletion"] = false;
  co_return co_await patch_owners(node, std::move(owners));
}

Task<Done> GarbageCollector::patch_owners(OwnerGraph::Node node, Json owners) {
  Json patch = {
      {"metadata", {{"uid", node.uid}, {"resourceVersion", node.resource_version}, {"ownerReferences", owners}}}};
  const api::WriteOptions options;
  const auto patched = co_await client_.patch(node.type, node.name, api::PatchType::kMerge, std::move(patch), options);
  co_return ignore_not_found(patched);
}

Task<Done> GarbageCollector::remove_finalizer(OwnerGraph::Node node, std::string finalizer) {
  const api::Result<ObjectPtr> live = co_await client_.get(node.type, node.name);
  if (!live) co_return ignore_not_found(live);
  if (api::uid_of(**live) != node.uid || !api::has_finalizer(**live, finalizer)) co_return Done();
  Json finalizers = Json::array();
  for (const Json& item : (*live)->at("metadata").at("finalizers")) {
    if (item != finalizer) finalizers.push_back(item);
  }
  Json patch = {{"metadata", {{"resourceVersion", api::resource_version_of(**live)}, {"finalizers", finalizers}}}};
  const api::WriteOptions options;
  const auto patched = co_await client_.patch(node.type, node.name, api::PatchType::kMerge, std::move(patch), options);
  co_return ignore_not_found(patched);
}

Task<Done> GarbageCollector::remove_object(OwnerGraph::Node node, std::string propagation_policy) {
  api::DeleteOptions options;
  options.uid = node.uid;
  options.resource_version = node.resource_version;
  options.propagation_policy = std::move(propagation_policy);
  const auto removed = co_await client_.remove(node.type, node.name, options);
  co_return ignore_not_found(removed);
}

}  // namespace skiff::controllers
