#include "api/field_error.h"
#include "server/handlers/body.h"
#include "server/handlers/parameters.h"
#include "server/handlers/responses.h"
#include "server/handlers/verbs.h"

namespace skiff::server {
namespace {

constexpr std::int64_t kMinExpirationSeconds = 600;
constexpr std::int64_t kMaxExpirationSeconds = std::int64_t{1} << 32;
constexpr std::int64_t kDefaultExpirationSeconds = 3600;

api::Status invalid(const std::string& name, const api::FieldErrors& errors) {
  return api::invalid("authentication.k8s.io", "TokenRequest", name, errors);
}

// That the request, where it names an account, names the one of the path.
api::Result<void> check_address(const Json& request, const api::NamespacedName& account) {
  api::FieldErrors errors;
  const std::string name = string_at(request, {"metadata", "name"}, account.name);
  const std::string namespace_ = string_at(request, {"metadata", "namespace"}, account.namespace_);
  if (name != account.name) {
    errors.invalid("metadata.name", name, "must match the service account name if specified");
  } else if (namespace_ != account.namespace_) {
    errors.invalid("metadata.namespace", namespace_, "must match the service account namespace if specified");
  }
  if (!errors.empty()) return invalid(account.name, errors);
  return {};
}

api::Result<void> check_expiration(std::int64_t seconds) {
  api::FieldErrors errors;
  const std::string field = "spec.expirationSeconds";
  if (seconds < kMinExpirationSeconds) {
    errors.invalid(field, seconds, "may not specify a duration less than 10 minutes");
  }
  if (seconds > kMaxExpirationSeconds) {
    errors.invalid(field, seconds, "may not specify a duration larger than 2^32 seconds");
  }
  if (!errors.empty()) return invalid("", errors);
  return {};
}

Json document_of(const store::Record& record) { return Json::parse(record.value, nullptr, false); }

// Binds the token to the pod that the request names, so that it dies with it. Nothing else can be bound to.
api::Result<void> bind_to_object(const ResourceCall& call, const Json& reference, ServiceAccountClaims& claims) {
  const std::string kind = string_at(reference, {"kind"});
  const std::string api_version = string_at(reference, {"apiVersion"});
  if (kind != "Pod" || api_version != "v1") {
    return api::bad_request("cannot bind token to object of type " + api_version + ", Kind=" + kind);
  }
  const ServedKind pods = call.registry.kinds().find(api::kPods);
  const std::string name = string_at(reference, {"name"});
  const api::Result<store::RecordPtr> record = call.registry.get(pods, {claims.namespace_, name});
  if (!record) return record.error();
  const Json pod = document_of(**record);
  if (string_at(pod, {"spec", "serviceAccountName"}) != claims.name) {
    return api::bad_request("cannot bind token for serviceaccount \"" + claims.name +
                            "\" to pod running with different serviceaccount name.");
  }
  const std::string uid = string_at(pod, {"metadata", "uid"});
  const std::string asked_uid = string_at(reference, {"uid"}, uid);
  if (asked_uid != uid) {
    return api::conflict("", "Pod", name,
                         "the UID in the bound object reference (" + asked_uid +
                             ") does not match the UID in record. The object might have been deleted and then "
                             "recreated");
  }
  claims.pod_name = name;
  claims.pod_uid = uid;
  claims.node_name = string_at(pod, {"spec", "nodeName"});
  if (claims.node_name.empty()) return {};
  const api::Result<store::RecordPtr> node =
      call.registry.get(call.registry.kinds().find(api::kNodes), {"", claims.node_name});
  if (node) claims.node_uid = string_at(document_of(**node), {"metadata", "uid"});
  return {};
}

}  // namespace

VerbResult issue_token(ResourceCall& call) {
  const api::Result<WriteQuery> query = create_query(call.request);
  if (!query) co_return query.error();
  api::Result<Json> request =
      read_body_as(call.request, call.type("authentication.k8s.io", "v1", "TokenRequest"), call.parts.catalog);
  if (!request) co_return request.error();
  const api::NamespacedName account = call.name();
  const api::Result<void> addressed = check_address(*request, account);
  if (!addressed) co_return addressed.error();
  const api::Result<store::RecordPtr> record = call.registry.get(call.kind, account);
  if (!record) co_return record.error();

  ServiceAccountClaims claims;
  claims.namespace_ = account.namespace_;
  claims.name = account.name;
  claims.uid = string_at(document_of(**record), {"metadata", "uid"});
  Json& spec = (*request)["spec"];
  if (Json& audiences = spec["audiences"]; audiences.is_array() && !audiences.empty()) {
    claims.audiences = audiences.get<std::vector<std::string>>();
  } else {
    audiences = {std::string(ServiceAccountTokens::kIssuer)};
  }
  const std::int64_t seconds = integer_at(spec, {"expirationSeconds"}, kDefaultExpirationSeconds);
  const api::Result<void> expiration = check_expiration(seconds);
  if (!expiration) co_return expiration.error();
  claims.lifetime = std::chrono::seconds(seconds);
  if (const Json* reference = find(spec, {"boundObjectRef"})) {
    const api::Result<void> bound = bind_to_object(call, *reference, claims);
    if (!bound) co_return bound.error();
  }

  const TimePoint now = call.registry.clock().now();
  const Result<std::string> token = call.parts.service_account_tokens.issue(claims, now);
  if (!token) co_return api::internal_error(token.error().message);
  spec["expirationSeconds"] = seconds;
  (*request)["metadata"]["name"] = account.name;
  (*request)["metadata"]["namespace"] = account.namespace_;
  (*request)["metadata"]["creationTimestamp"] = format_time(now);
  (*request)["status"] = {{"token", *token}, {"expirationTimestamp", format_time(now + claims.lifetime)}};
  co_return document_response(201, *request, call.format);
}

}  // namespace skiff::server
