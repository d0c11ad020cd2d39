#pragma once

#include "api/base/json.h"
#include "api/resource.h"
#include "api/status.h"

namespace skiff::server {

// Makes the tokens of serviceaccounts/token. Authentication's to do, about which the registry knows nothing: this is
// how its in-process clients reach it. Thread-safe.
class TokenIssuer {
 public:
  virtual ~TokenIssuer() = default;
  // `request` is an authentication.k8s.io/v1 TokenRequest; the answer is the same with its status. kNotFound without
  // that account or the pod that the token is to be bound to, kInvalid and kBadRequest as upstream.
  [[nodiscard]] virtual api::Result<Json> issue(const api::NamespacedName& account, Json request) const = 0;
};

}  // namespace skiff::server
