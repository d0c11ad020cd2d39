#pragma once

#include "server/auth/service_account_tokens.h"
#include "server/registry/registry.h"
#include "server/registry/token_issuer.h"

namespace skiff::server {

// The TokenIssuer of the cluster's own service accounts. Registry and tokens outlive it.
class ServiceAccountIssuer final : public TokenIssuer {
 public:
  ServiceAccountIssuer(const Registry& registry, const ServiceAccountTokens& tokens);

  [[nodiscard]] api::Result<Json> issue(const api::NamespacedName& account, Json request) const override;

 private:
  const Registry& registry_;
  const ServiceAccountTokens& tokens_;
};

}  // namespace skiff::server
