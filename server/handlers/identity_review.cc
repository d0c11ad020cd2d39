#include "server/handlers/body.h"
#include "server/handlers/responses.h"
#include "server/handlers/verbs.h"

namespace skiff::server {
namespace {

constexpr const char* kAuthenticationGroup = "authentication.k8s.io";

Json user_info(const api::User& user) {
  Json info = Json::object();
  if (!user.name.empty()) info["username"] = user.name;
  if (!user.uid.empty()) info["uid"] = user.uid;
  if (!user.groups.empty()) info["groups"] = user.groups;
  if (!user.extra.empty()) info["extra"] = user.extra;
  return info;
}

}  // namespace

VerbResult review_self(ResourceCall& call) {
  if (const api::Result<WriteQuery> query = create_query(call.request); !query) co_return query.error();
  api::Result<Json> review = read_body_as(
      call.request, call.type(kAuthenticationGroup, call.info.version, "SelfSubjectReview"), call.parts.catalog);
  if (!review) co_return review.error();
  (*review)["metadata"] = {{"creationTimestamp", format_time(call.registry.clock().now())}};
  (*review)["status"] = {{"userInfo", user_info(call.context.user)}};
  co_return document_response(201, *review, call.format);
}

VerbResult review_token(ResourceCall& call) {
  if (const api::Result<WriteQuery> query = create_query(call.request); !query) co_return query.error();
  api::Result<Json> review =
      read_body_as(call.request, call.type(kAuthenticationGroup, "v1", "TokenReview"), call.parts.catalog);
  if (!review) co_return review.error();
  const std::string namespace_ = string_at(*review, {"metadata", "namespace"});
  if (!namespace_.empty()) co_return api::bad_request("namespace is not allowed on this type: " + namespace_);
  const Json& spec = review->at("spec");
  const std::string token = string_at(spec, {"token"});
  if (token.empty()) co_return api::bad_request("token is required for TokenReview in authentication");

  std::vector<std::string> audiences = spec.value("audiences", std::vector<std::string>());
  const std::optional<VerifiedToken> verified = call.parts.authenticator.review_token(token, std::move(audiences));
  if (verified) {
    (*review)["status"] = {
        {"authenticated", true}, {"user", user_info(verified->user)}, {"audiences", verified->audiences}};
  } else {
    (*review)["status"] = {{"user", Json::object()}, {"error", "invalid bearer token"}};
  }
  co_return document_response(201, *review, call.format);
}

}  // namespace skiff::server
