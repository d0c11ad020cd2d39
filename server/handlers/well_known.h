#pragma once

#include "server/auth/service_account_tokens.h"
#include "server/http/http.h"

#include <optional>

namespace skiff::server {

// How others verify the tokens of service accounts: /.well-known/openid-configuration and /openid/v1/jwks. Nothing for
// other paths.
[[nodiscard]] std::optional<Response> issuer_response(const Request& request, const ServiceAccountTokens& tokens);

}  // namespace skiff::server
