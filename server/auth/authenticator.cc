#include "server/auth/authenticator.h"

#include "api/base/ids.h"
#include "api/base/text.h"
#include "server/auth/websocket_token.h"
#include "server/http/status_response.h"
#include "server/http/upgrade_request.h"

#include <algorithm>

namespace skiff::server {

namespace {

constexpr std::string_view kPublicPaths[] = {"/livez", "/readyz", "/healthz", "/version"};

// The token of "Authorization: Bearer TOKEN"; empty for every other kind of authorization.
std::string bearer_token(const Request& request) {
  std::string_view value;
  if (const std::string* header = request.headers.find("Authorization")) value = *header;
  constexpr std::string_view kSpace = " \t";
  value.remove_prefix(std::min(value.find_first_not_of(kSpace), value.size()));
  const std::string_view scheme = value.substr(0, value.find(' '));
  if (!equal_ignoring_case(scheme, "bearer")) return {};
  value.remove_prefix(scheme.size());
  value.remove_prefix(std::min(value.find_first_not_of(kSpace), value.size()));
  return std::string(value.substr(0, value.find(' ')));
}

bool is_public(const Request& request) {
  if (request.method != "GET" && request.method != "HEAD") return false;
  return std::any_of(std::begin(kPublicPaths), std::end(kPublicPaths), [&](std::string_view path) {
    const std::string below = std::string(path) + "/";
    if (request.path == path || request.path == below) return true;
    return path != "/version" && request.path.starts_with(below);
  });
}

std::vector<std::string> own_audiences() { return {std::string(ServiceAccountTokens::kIssuer)}; }

api::User with_group(api::User user, const char* group) {
  if (!user.in_group(group)) user.groups.emplace_back(group);
  return user;
}

}  // namespace

Authenticator::Authenticator(const ServiceAccountTokens& service_account_tokens, const Clock& clock)
    : service_account_tokens_(service_account_tokens), clock_(clock) {}

void Authenticator::add_token(TokenUser token) { users_[sha256_hex(token.token)] = std::move(token.user); }

api::Result<std::optional<api::User>> Authenticator::authenticate(Request& request) const {
  api::Result<std::optional<api::User>> user = request.certificate_user;
  if (!*user) user = authenticate_by_token(request);
  if (user && *user) *user = with_group(std::move(**user), "system:authenticated");
  return user;
}

api::Result<std::optional<api::User>> Authenticator::authenticate_by_token(Request& request) const {
  const std::string token = bearer_token(request);
  if (!token.empty()) {
    if (std::optional<VerifiedToken> verified = verify(token, own_audiences())) return std::move(verified->user);
  }
  // Upstream looks further when one of several credentials is not valid.
  api::Result<std::optional<WebSocketToken>> offered = websocket_token(request.headers);
  if (!offered) return offered.error();
  if (*offered && !(*offered)->token.empty()) {
    std::optional<VerifiedToken> verified = verify((*offered)->token, own_audiences());
    if (!verified) return api::unauthorized();
    request.headers.set(kWebSocketProtocolHeader, std::move((*offered)->other_protocols));
    return std::move(verified->user);
  }
  if (!token.empty()) return api::unauthorized();
  return std::optional<api::User>();
}

std::optional<VerifiedToken> Authenticator::review_token(const std::string& token,
                                                         std::vector<std::string> audiences) const {
  std::optional<VerifiedToken> verified = verify(token, audiences.empty() ? own_audiences() : audiences);
  if (verified) verified->user = with_group(std::move(verified->user), "system:authenticated");
  return verified;
}

std::optional<VerifiedToken> Authenticator::verify(const std::string& token,
                                                   const std::vector<std::string>& audiences) const {
  const std::optional<api::User> user = find_user(token);
  if (!user) return service_account_tokens_.verify(token, audiences, clock_.now());
  const std::vector<std::string> own = own_audiences();
  if (std::find(audiences.begin(), audiences.end(), own.front()) == audiences.end()) return std::nullopt;
  return VerifiedToken{*user, own};
}

std::optional<api::User> Authenticator::find_user(const std::string& token) const {
  if (const auto found = users_.find(sha256_hex(token)); found != users_.end()) return found->second;
  const auto bootstrap = parse_bootstrap_token(token);
  if (!bootstrap || !find_bootstrap_secret_) return std::nullopt;
  const std::optional<Json> secret = find_bootstrap_secret_(bootstrap_secret_name(bootstrap->id));
  if (!secret) return std::nullopt;
  return bootstrap_user(*secret, *bootstrap, clock_.now());
}

AuthenticatingHandler::AuthenticatingHandler(const Authenticator& authenticator, Handler& next)
    : authenticator_(authenticator), next_(next) {}

Task<Response> AuthenticatingHandler::handle(Request request) {
  auto user = authenticator_.authenticate(request);
  if (!user) co_return status_response(user.error());
  if (*user) {
    request.user = std::move(**user);
  } else if (is_public(request)) {
    request.user.name = "system:anonymous";
    request.user.groups = {"system:unauthenticated"};
  } else {
    co_return status_response(api::unauthorized());
  }
  co_return co_await next_.handle(std::move(request));
}

}  // namespace skiff::server
