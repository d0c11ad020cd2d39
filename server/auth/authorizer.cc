#include "server/auth/authorizer.h"

#include <spdlog/fmt/fmt.h>

namespace skiff::server {

namespace {

std::string sentence(const AuthorizationAttributes& attributes) {
  if (!attributes.is_resource) {
    return fmt::format("User \"{}\" cannot {} path \"{}\"", attributes.user.name, attributes.verb, attributes.path);
  }
  std::string resource = attributes.resource;
  if (!attributes.subresource.empty()) resource += "/" + attributes.subresource;
  const std::string what = fmt::format("User \"{}\" cannot {} resource \"{}\" in API group \"{}\"",
                                       attributes.user.name, attributes.verb, resource, attributes.group);
  if (attributes.namespace_.empty()) return what + " at the cluster scope";
  return fmt::format("{} in the namespace \"{}\"", what, attributes.namespace_);
}

}  // namespace

std::optional<AuthorizationMode> authorization_mode_from_string(std::string_view text) {
  if (text == "AlwaysAllow") return AuthorizationMode::kAlwaysAllow;
  if (text == "AlwaysDeny") return AuthorizationMode::kAlwaysDeny;
  return std::nullopt;
}

bool Authorizer::allows_everything(const api::User& user) const {
  return mode_ == AuthorizationMode::kAlwaysAllow || user.in_group("system:masters");
}

AuthorizationDecision Authorizer::decide(const AuthorizationAttributes& attributes) const {
  if (allows_everything(attributes.user)) return {true, ""};
  return {false, "Everything is forbidden."};
}

api::Result<void> Authorizer::authorize(const AuthorizationAttributes& attributes) const {
  const AuthorizationDecision decision = decide(attributes);
  if (decision.allowed) return {};
  return forbidden_status(attributes, decision.reason);
}

api::Status forbidden_status(const AuthorizationAttributes& attributes, std::string_view reason) {
  std::string message = sentence(attributes);
  if (!reason.empty()) message += ": " + std::string(reason);
  return api::forbidden(attributes.group, attributes.resource, attributes.name, message);
}

}  // namespace skiff::server
