#pragma once

#include "api/status.h"
#include "api/user.h"

#include <optional>
#include <string>
#include <string_view>

namespace skiff::server {

// What a user wants to do (upstream: authorizer.Attributes). For what is not a resource only user, verb and path count.
struct AuthorizationAttributes {
  api::User user;
  std::string verb;  // "list"; the method in lower case for what is not a resource
  std::string path;
  bool is_resource = false;
  std::string group;
  std::string resource;
  std::string subresource;
  std::string namespace_;
  std::string name;
};

// --authorization-mode.
enum class AuthorizationMode { kAlwaysAllow, kAlwaysDeny };

// Nothing for a mode that we do not have.
[[nodiscard]] std::optional<AuthorizationMode> authorization_mode_from_string(std::string_view text);

// An answer, as a review shows it.
struct AuthorizationDecision {
  bool allowed = false;
  std::string reason;
};

// Decides what an authenticated user may do. Whatever the mode, the group system:masters may do everything, as
// upstream's. Thread-safe.
class Authorizer {
 public:
  explicit Authorizer(AuthorizationMode mode) : mode_(mode) {}
  [[nodiscard]] AuthorizationDecision decide(const AuthorizationAttributes& attributes) const;
  // A Forbidden status, worded as upstream's, when it is not allowed.
  [[nodiscard]] api::Result<void> authorize(const AuthorizationAttributes& attributes) const;
  // All modes that there are allow a user everything or nothing.
  [[nodiscard]] bool allows_everything(const api::User& user) const;

 private:
  const AuthorizationMode mode_;
};

// Upstream's answer to a request that nobody allowed; `reason` is added behind it unless it is empty.
[[nodiscard]] api::Status forbidden_status(const AuthorizationAttributes& attributes, std::string_view reason);

}  // namespace skiff::server
