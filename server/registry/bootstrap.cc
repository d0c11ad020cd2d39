#include "server/registry/bootstrap.h"

#include "server/registry/registry.h"

#include <boost/asio/this_coro.hpp>

#include <array>

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
  context.field_manager = "kube-apiserver";
  Json object;
  object["metadata"]["name"] = name;
  WriteParams params;
  auto created = co_await registry.create(context, kind, namespace_, std::move(object), std::move(params));
  if (!created && created.error().reason != api::Reason::kAlreadyExists) co_return created.error();
  co_return api::Result<void>();
}

// As create_once(), for a task of a group.
Task<void> create_into(Registry& registry, const api::ResourceType& resource, std::string namespace_, std::string name,
                       api::Result<void>& result) {
  auto made = co_await create_once(registry, resource, std::move(namespace_), std::move(name));
  if (!made) result = made;
}

}  // namespace

// All namespaces at once, then all accounts: each wave shares one commit, where one by one each would wait for the
// disk.
Task<api::Result<void>> bootstrap(Registry& registry) {
  constexpr std::array<const char*, 4> kNamespaceNames{"default", "kube-system", "kube-public", "kube-node-lease"};
  TaskGroup tasks(co_await asio::this_coro::executor);
  api::Result<void> result;
  for (const char* name : kNamespaceNames) tasks.spawn(create_into(registry, api::kNamespaces, "", name, result));
  co_await tasks.join();
  if (!result) co_return result;
  for (const char* name : kNamespaceNames) {
    tasks.spawn(create_into(registry, api::kServiceAccounts, name, "default", result));
  }
  co_await tasks.join();
  co_return result;
}

}  // namespace skiff::server
