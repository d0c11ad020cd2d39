#pragma once

#include "api/base/json.h"
#include "api/base/openssl.h"
#include "api/base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace skiff::server {

// "ES256" or "RS256": the one algorithm that a key may be used with. Empty for other keys.
[[nodiscard]] std::string jwt_algorithm(EVP_PKEY* key);

// The public half of a key as a JSON Web Key, as upstream publishes it. Null for keys without jwt_algorithm().
[[nodiscard]] Json public_jwk(EVP_PKEY* key);

// The claims as a signed compact JWT, with the key's id in the header as upstream's are.
[[nodiscard]] Result<std::string> sign_jwt(const Json& claims, EVP_PKEY* private_key);

// The claims of a JWT that `key` signed with its own algorithm, whatever else the header asks for. Nothing for other
// texts.
[[nodiscard]] std::optional<Json> verify_jwt(std::string_view token, EVP_PKEY* key);

}  // namespace skiff::server
