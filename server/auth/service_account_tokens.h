#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "api/base/result.h"
#include "api/user.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::server {

// What a service account's token says about its bearer.
struct ServiceAccountClaims {
  std::string namespace_;
  std::string name;
  std::string uid;
  // The pod that the token was made for, and that pod's node; empty: bound to none.
  std::string pod_name;
  std::string pod_uid;
  std::string node_name;
  std::string node_uid;
  std::vector<std::string> audiences;  // empty: the API server's own
  std::chrono::seconds lifetime{3600};
};

// A token that is valid.
struct VerifiedToken {
  api::User user;
  std::vector<std::string> audiences;  // those asked about that it is for
};

// Issues and verifies service account tokens: JWTs with upstream's claims, signed ES256 (our own key) or RS256 (an RSA
// key that a user brought along). Thread-safe. Does not look whether the account still exists.
class ServiceAccountTokens {
 public:
  static constexpr std::string_view kIssuer = "https://kubernetes.default.svc.cluster.local";

  // `private_key`: PEM, P-256 or RSA. kInvalid for any other.
  [[nodiscard]] static Result<ServiceAccountTokens> create(const std::string& private_key);
  ServiceAccountTokens(ServiceAccountTokens&&) noexcept;
  ~ServiceAccountTokens();

  [[nodiscard]] Result<std::string> issue(const ServiceAccountClaims& claims, TimePoint now) const;
  // The key that verifies our tokens, as a JSON Web Key (RFC 7517).
  [[nodiscard]] Json public_key() const;
  // A token that this key signed, for any of these audiences, and that is valid now; nothing for every other text.
  [[nodiscard]] std::optional<VerifiedToken> verify(std::string_view token, const std::vector<std::string>& audiences,
                                                    TimePoint now) const;

 private:
  struct Impl;
  explicit ServiceAccountTokens(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace skiff::server
