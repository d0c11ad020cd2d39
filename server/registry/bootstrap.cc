#include "server/registry/bootstrap.h"

#include "server/registry/registry.h"

namespace skiff::server {

namespace {

Task<api::Result<void>> create_once(Registry& registry, const api::ResourceType& resource, std::string namespace_,
                                    std::string name) {
  const ServedKind kind = registry.kinds().find(resource);
  const api::NamespacedName key{namespace_, name};
  if (registry.get(kind, key)) co_return api::Result<void>();
  CallContext context;
  context.user.name = "system:apiserver";
  context.user.groups = {"system:masters"};
  Json object;
  object["metadata"]["name"] = name;
  WriteParams params;
  auto created = co_await registry.create(context, kind, namespace_, std::move(object), std::move(params));
  if (!created && created.error().reason != api::Reason::kAlreadyExists) co_return created.error();
  co_return api::Result<void>();
}

}  // namespace

Task<api::Result<void>> bootstrap(Registry& registry) {
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    auto made = co_await create_once(registry, api::kNamespaces, "", name);
    if (!made) co_return made;
    made = co_await create_once(registry, api::kServiceAccounts, name, "default");
    if (!made) co_return made;
  }
  co_return api::Result<void>();
}

}  // namespace skiff::server
