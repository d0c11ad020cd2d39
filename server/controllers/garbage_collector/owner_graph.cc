#include "server/controllers/garbage_collector/owner_graph.h"

#include "api/views/meta.h"

#include <algorithm>
#include <utility>

namespace skiff::controllers {

namespace {

constexpr const char* kOrphan = "orphan";
constexpr const char* kForeground = "foregroundDeletion";

bool is_unchanged(const OwnerGraph::Node& node, const api::ResourceType& type, const Json& object) {
  return !node.is_virtual && node.type == type && node.being_deleted == api::is_terminating(object) &&
         node.has_orphan_finalizer == api::has_finalizer(object, kOrphan) &&
         node.has_foreground_finalizer == api::has_finalizer(object, kForeground) &&
         node.owner_references() == api::owner_references_of(object);
}

}  // namespace

const Json& OwnerGraph::Node::owner_references() const {
  static const Json kNone = Json::array();
  return owners ? *owners : kNone;
}

std::shared_ptr<const Json> OwnerGraph::owners_of(const Json& object) const {
  const Json& references = api::owner_references_of(object);
  if (references.empty()) return nullptr;
  const std::set<std::string>& siblings = dependents(string_at(references.front(), {"uid"}));
  const Node* sibling = siblings.empty() ? nullptr : find(*siblings.begin());
  if (sibling != nullptr && sibling->owner_references() == references) return sibling->owners;
  return std::make_shared<const Json>(references);
}

OwnerGraph::Work OwnerGraph::observe(const api::ResourceType& type, const Json& object) {
  Work work;
  const std::string uid = api::uid_of(object);
  const auto [known, is_new] = nodes_.try_emplace(uid);
  Node& node = known->second;
  // Most changes are of what the graph does not care about.
  if (!is_new && is_unchanged(node, type, object)) {
    node.resource_version = api::resource_version_of(object);
    return work;
  }
  const Node before = node;
  node.uid = uid;
  node.type = type;
  node.name = api::key_of(object);
  node.resource_version = api::resource_version_of(object);
  node.owners = owners_of(object);
  node.is_virtual = false;
  node.being_deleted = api::is_terminating(object);
  node.has_orphan_finalizer = api::has_finalizer(object, kOrphan);
  node.has_foreground_finalizer = api::has_finalizer(object, kForeground);

  const Node now = node;  // linking may add nodes and so move this one
  if (is_new || before.owner_references() != now.owner_references()) {
    unlink_owners(before, work);
    link_owners(now, work);
  }
  if (before.is_virtual && (before.type != now.type || before.name != now.name)) {
    // Somebody expected it elsewhere, and is wrong.
    for (const std::string& dependent : dependents(uid)) work.collect.push_back(dependent);
  }
  if (now.must_orphan_dependents() && !before.must_orphan_dependents()) work.orphan.push_back(uid);
  if (now.is_deleting_dependents() && !before.is_deleting_dependents()) {
    for (const std::string& dependent : dependents(uid)) work.collect.push_back(dependent);
    work.collect.push_back(uid);
  }
  return work;
}

OwnerGraph::Work OwnerGraph::remove(const std::string& uid) {
  Work work;
  const auto known = nodes_.find(uid);
  if (known == nodes_.end()) return work;
  const Node node = std::move(known->second);
  nodes_.erase(known);
  unlink_owners(node, work);
  for (const std::string& dependent : dependents(uid)) work.collect.push_back(dependent);
  return work;
}

const OwnerGraph::Node* OwnerGraph::find(const std::string& uid) const {
  const auto known = nodes_.find(uid);
  return known == nodes_.end() ? nullptr : &known->second;
}

const std::set<std::string>& OwnerGraph::dependents(const std::string& uid) const {
  static const std::set<std::string> kNone;
  const auto known = dependents_.find(uid);
  return known == dependents_.end() ? kNone : known->second;
}

std::vector<std::string> OwnerGraph::blocking_dependents(const std::string& uid) const {
  std::vector<std::string> blocking;
  for (const std::string& dependent : dependents(uid)) {
    const Node* node = find(dependent);
    if (node == nullptr) continue;
    const bool blocks = std::any_of(
        node->owner_references().begin(), node->owner_references().end(),
        [&](const Json& owner) { return string_at(owner, {"uid"}) == uid && bool_at(owner, {"blockOwnerDeletion"}); });
    if (blocks) blocking.push_back(dependent);
  }
  return blocking;
}

// Groups count, versions do not: an owner may be named by any version that it is served under.
const api::ResourceType* OwnerGraph::type_of(const Json& owner_reference) const {
  const std::string api_version = string_at(owner_reference, {"apiVersion"});
  const std::size_t slash = api_version.find('/');
  const std::string group = slash == std::string::npos ? "" : api_version.substr(0, slash);
  const std::string kind = string_at(owner_reference, {"kind"});
  const auto found = std::find_if(types_.begin(), types_.end(), [&](const api::ResourceType& type) {
    return type.kind == kind && type.group == group;
  });
  return found == types_.end() ? nullptr : &*found;
}

bool OwnerGraph::is_named_by(const Node& owner, const Json& owner_reference, const Node& dependent) const {
  const api::ResourceType* type = type_of(owner_reference);
  if (type == nullptr || *type != owner.type || owner.name.name != string_at(owner_reference, {"name"})) return false;
  return !type->namespaced || owner.name.namespace_ == dependent.name.namespace_;
}

void OwnerGraph::link_owners(const Node& node, Work& work) {
  for (const Json& owner : node.owner_references()) {
    const std::string uid = string_at(owner, {"uid"});
    dependents_[uid].insert(node.uid);
    const Node* known = find(uid);
    if (known == nullptr) {
      add_virtual(node, owner, work);
    } else if (known->is_deleting_dependents() || !is_named_by(*known, owner, node)) {
      work.collect.push_back(node.uid);
    }
  }
}

void OwnerGraph::unlink_owners(const Node& node, Work& work) {
  for (const Json& owner : node.owner_references()) {
    const std::string uid = string_at(owner, {"uid"});
    const auto siblings = dependents_.find(uid);
    if (siblings == dependents_.end()) continue;
    siblings->second.erase(node.uid);
    if (siblings->second.empty()) dependents_.erase(siblings);
    const Node* known = find(uid);
    // It may have waited for this one.
    if (known != nullptr && known->is_deleting_dependents()) work.collect.push_back(uid);
  }
}

void OwnerGraph::add_virtual(const Node& dependent, const Json& owner_reference, Work& work) {
  const api::ResourceType* type = type_of(owner_reference);
  if (type == nullptr) return;
  Node node;
  node.uid = string_at(owner_reference, {"uid"});
  node.type = *type;
  node.name = {type->namespaced ? dependent.name.namespace_ : "", string_at(owner_reference, {"name"})};
  node.is_virtual = true;
  work.collect.push_back(node.uid);
  nodes_.emplace(node.uid, std::move(node));
}

}  // namespace skiff::controllers
