#include "server/handlers/well_known.h"

#include "server/handlers/responses.h"

namespace skiff::server {
namespace {

constexpr std::string_view kConfigurationPath = "/.well-known/openid-configuration";
constexpr std::string_view kKeysPath = "/openid/v1/jwks";

Response cacheable(const Json& document, std::string_view media_type) {
  Response response;
  response.headers.set("Content-Type", std::string(media_type));
  response.headers.set("Cache-Control", "public, max-age=3600");
  response.body.push_back(Slice::of(to_json_text(document)));
  return response;
}

}  // namespace

std::optional<Response> issuer_response(const Request& request, const ServiceAccountTokens& tokens) {
  if (request.path != kConfigurationPath && request.path != kKeysPath) return std::nullopt;
  if (request.method != "GET") return method_refused(request, "GET");
  const Json key = tokens.public_key();
  if (request.path == kKeysPath) return cacheable({{"keys", Json::array({key})}}, "application/jwk-set+json");
  // The address under which this client reaches us; upstream's is fixed.
  const std::string keys_url = "https://" + request.headers.get("Host") + std::string(kKeysPath);
  const Json configuration = {{"issuer", ServiceAccountTokens::kIssuer},
                              {"jwks_uri", keys_url},
                              {"response_types_supported", Json::array({"id_token"})},
                              {"subject_types_supported", Json::array({"public"})},
                              {"id_token_signing_alg_values_supported", Json::array({key["alg"]})}};
  return cacheable(configuration, "application/json");
}

}  // namespace skiff::server
