#pragma once

#include "api/client.h"
#include "api/user.h"

#include <memory>
#include <string>

namespace skiff::server {

class Registry;
class TokenIssuer;

// The in-process door: api::Client as direct calls into the registry, on behalf of one user ("system:kube-scheduler").
// Thread-safe; registry and issuer outlive it and its streams. `token_issuer` answers serviceaccounts/token, for those
// who may ask.
class DirectClient final : public api::Client {
 public:
  DirectClient(Registry& registry, api::User user, const TokenIssuer* token_issuer = nullptr);

  Task<api::Result<api::ObjectPtr>> get(const api::ResourceType& resource, api::NamespacedName name) override;
  Task<api::Result<api::ObjectList>> list(const api::ResourceType& resource, std::string namespace_,
                                          api::ListOptions options) override;
  Task<api::Result<api::ObjectPtr>> create(const api::ResourceType& resource, std::string namespace_, Json object,
                                           api::WriteOptions options) override;
  Task<api::Result<api::ObjectPtr>> update(const api::ResourceType& resource, Json object,
                                           api::WriteOptions options) override;
  Task<api::Result<api::ObjectPtr>> patch(const api::ResourceType& resource, api::NamespacedName name,
                                          api::PatchType type, Json patch, api::WriteOptions options) override;
  Task<api::Result<api::ObjectPtr>> remove(const api::ResourceType& resource, api::NamespacedName name,
                                           api::DeleteOptions options) override;
  Task<api::Result<std::unique_ptr<api::WatchStream>>> watch(const api::ResourceType& resource, std::string namespace_,
                                                             api::WatchOptions options) override;

 private:
  Registry& registry_;
  api::User user_;
  const TokenIssuer* token_issuer_;
};

}  // namespace skiff::server
