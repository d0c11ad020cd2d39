#include "server/controllers/claim.h"

#include "api/views/meta.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

// Changes the owner references only if the object is still the one that was looked at. `finalizer` is added, unless it
// is empty.
Task<api::Result<ObjectPtr>> patch_owners(api::Client& client, const api::ResourceType& type, ObjectPtr object,
                                          Json owners, std::string finalizer) {
  Json patch = {{"metadata",
                 {{"uid", api::uid_of(*object)},
                  {"resourceVersion", api::resource_version_of(*object)},
                  {"ownerReferences", std::move(owners)}}}};
  if (!finalizer.empty() && !api::has_finalizer(*object, finalizer)) {
    Json finalizers = object->at("metadata").value("finalizers", Json::array());
    finalizers.push_back(finalizer);
    patch["metadata"]["finalizers"] = std::move(finalizers);
  }
  const api::NamespacedName name = api::key_of(*object);
  const api::WriteOptions options;
  co_return co_await client.patch(type, name, api::PatchType::kMerge, std::move(patch), options);
}

Json owners_without(const Json& object, const std::string& uid) {
  Json owners = Json::array();
  for (const Json& owner : api::owner_references_of(object)) {
    if (string_at(owner, {"uid"}) != uid) owners.push_back(owner);
  }
  return owners;
}

// The cache may be behind: an owner that is being deleted, or is another one of the same name, must not adopt.
Task<api::Result<void>> check_may_adopt(api::Client& client, const api::ResourceType& owner_type, ObjectPtr owner) {
  const api::NamespacedName name = api::key_of(*owner);
  const api::Result<ObjectPtr> fresh = co_await client.get(owner_type, name);
  if (!fresh) co_return fresh.error();
  if (api::uid_of(**fresh) != api::uid_of(*owner) || api::is_terminating(**fresh)) {
    co_return api::conflict(owner_type.group, owner_type.plural, name.name, "is gone or has just been deleted");
  }
  co_return api::Result<void>();
}

}  // namespace

Claim plan_claim(const Json& owner, const api::LabelSelector& selector, const std::vector<ObjectPtr>& candidates) {
  Claim claim;
  const bool terminating = api::is_terminating(owner);
  for (const ObjectPtr& candidate : candidates) {
    const bool matches = selector.matches_object_labels(api::labels_of(*candidate));
    if (const Json* controller = api::controller_of(*candidate)) {
      if (string_at(*controller, {"uid"}) != api::uid_of(owner)) continue;
      if (matches) {
        claim.owned.push_back(candidate);
      } else if (!terminating) {
        claim.release.push_back(candidate);
      }
    } else if (matches && !terminating && !api::is_terminating(*candidate)) {
      claim.adopt.push_back(candidate);
    }
  }
  return claim;
}

Task<api::Result<std::vector<ObjectPtr>>> claim(api::Client& client, const api::ResourceType& owner_type,
                                                ObjectPtr owner, const api::ResourceType& type,
                                                api::LabelSelector selector, std::vector<ObjectPtr> candidates,
                                                std::string finalizer) {
  Claim plan = plan_claim(*owner, selector, candidates);
  const std::string no_finalizer;
  for (const ObjectPtr& object : plan.release) {
    Json owners = owners_without(*object, api::uid_of(*owner));
    const api::Result<ObjectPtr> released =
        co_await patch_owners(client, type, object, std::move(owners), no_finalizer);
    if (!released && released.error().reason != api::Reason::kNotFound) co_return released.error();
  }
  if (plan.adopt.empty()) co_return std::move(plan.owned);
  const api::Result<void> may_adopt = co_await check_may_adopt(client, owner_type, owner);
  if (!may_adopt) co_return may_adopt.error();
  for (const ObjectPtr& object : plan.adopt) {
    Json owners = api::owner_references_of(*object);
    owners.push_back(api::controller_reference(owner_type, *owner));
    api::Result<ObjectPtr> adopted = co_await patch_owners(client, type, object, std::move(owners), finalizer);
    if (adopted) {
      plan.owned.push_back(std::move(*adopted));
    } else if (adopted.error().reason != api::Reason::kNotFound) {
      co_return adopted.error();
    }
  }
  co_return std::move(plan.owned);
}

}  // namespace skiff::controllers
