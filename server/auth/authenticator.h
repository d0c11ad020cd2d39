#pragma once

#include "api/base/clock.h"
#include "api/status.h"
#include "api/user.h"
#include "server/auth/bootstrap_tokens.h"
#include "server/auth/service_account_tokens.h"
#include "server/auth/token_file.h"
#include "server/http/http.h"

#include <optional>
#include <string>
#include <unordered_map>

namespace skiff::server {

// Finds out who sends a request: by client certificate, by a token of a fixed list, a bootstrap token, or a service
// account's token. Every user gets the group system:authenticated. Thread-safe once it is set up.
class Authenticator {
 public:
  // Both must outlive it.
  Authenticator(const ServiceAccountTokens& service_account_tokens, const Clock& clock);

  // Of equal tokens the last one counts, as upstream's.
  void add_token(TokenUser token);

  // Where bootstrap tokens are kept. Before the first request.
  void set_bootstrap_secrets(FindSecret find) { find_bootstrap_secret_ = std::move(find); }

  // The user; nothing when the request shows no credentials that we could look at; an Unauthorized status when it shows
  // a bearer token that is not valid. A token among the protocols of a WebSocket is taken out of the request: it is
  // none to be negotiated.
  [[nodiscard]] api::Result<std::optional<api::User>> authenticate(Request& request) const;

  // Whose token this is, when it is valid for any of the audiences (none: for the API server); tokens of the list and
  // bootstrap tokens are for the API server. Nothing for all others.
  [[nodiscard]] std::optional<VerifiedToken> review_token(const std::string& token,
                                                          std::vector<std::string> audiences) const;

 private:
  // As authenticate(), by a token in the header or among a WebSocket's protocols.
  [[nodiscard]] api::Result<std::optional<api::User>> authenticate_by_token(Request& request) const;
  [[nodiscard]] std::optional<VerifiedToken> verify(const std::string& token,
                                                    const std::vector<std::string>& audiences) const;

  // Of the list or by a bootstrap token.
  [[nodiscard]] std::optional<api::User> find_user(const std::string& token) const;

  const ServiceAccountTokens& service_account_tokens_;
  const Clock& clock_;
  FindSecret find_bootstrap_secret_;
  // By the token's SHA-256, so that the time of a look-up tells nothing about the tokens.
  std::unordered_map<std::string, api::User> users_;
};

// Lets only authenticated requests through to `next`, with Request::user set. The health and version paths also answer
// those who show no credentials, as system:anonymous; all else is 401.
class AuthenticatingHandler final : public Handler {
 public:
  // Both must outlive it.
  AuthenticatingHandler(const Authenticator& authenticator, Handler& next);
  Task<Response> handle(Request request) override;

 private:
  const Authenticator& authenticator_;
  Handler& next_;
};

}  // namespace skiff::server
