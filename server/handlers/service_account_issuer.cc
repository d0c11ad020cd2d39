#include "server/handlers/service_account_issuer.h"

#include "api/field_error.h"
#include "api/views/meta.h"
#include "api/views/pod.h"

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

api::Result<api::ObjectPtr> read(const Registry& registry, const api::ResourceType& type,
                                 const api::NamespacedName& name) {
  const ServedKind kind = registry.kinds().find(type);
  const api::Result<store::RecordPtr> record = registry.get(kind, name);
  if (!record) return record.error();
  return registry.object(kind, *record);
}

// Binds the token to the pod that the request names, so that it dies with it. Nothing else can be bound to.
api::Result<void> bind_to_object(const Registry& registry, const Json& reference, ServiceAccountClaims& claims) {
  const std::string kind = string_at(reference, {"kind"});
  const std::string api_version = string_at(reference, {"apiVersion"});
  if (kind != "Pod" || api_version != "v1") {
    return api::bad_request("cannot bind token to object of type " + api_version + ", Kind=" + kind);
  }
  const std::string name = string_at(reference, {"name"});
  const api::Result<api::ObjectPtr> found = read(registry, api::kPods, {claims.namespace_, name});
  if (!found) return found.error();
  const Json& pod = **found;
  if (string_at(pod, {"spec", "serviceAccountName"}) != claims.name) {
    return api::bad_request("cannot bind token for serviceaccount \"" + claims.name +
                            "\" to pod running with different serviceaccount name.");
  }
  const std::string uid = api::uid_of(pod);
  const std::string asked_uid = string_at(reference, {"uid"}, uid);
  if (asked_uid != uid) {
    return api::conflict("", "Pod", name,
                         "the UID in the bound object reference (" + asked_uid +
                             ") does not match the UID in record. The object might have been deleted and then "
                             "recreated");
  }
  claims.pod_name = name;
  claims.pod_uid = uid;
  claims.node_name = api::node_name_of(pod);
  if (claims.node_name.empty()) return {};
  const api::Result<api::ObjectPtr> node = read(registry, api::kNodes, {"", claims.node_name});
  if (node) claims.node_uid = api::uid_of(**node);
  return {};
}

}  // namespace

ServiceAccountIssuer::ServiceAccountIssuer(const Registry& registry, const ServiceAccountTokens& tokens)
    : registry_(registry), tokens_(tokens) {}

api::Result<Json> ServiceAccountIssuer::issue(const api::NamespacedName& account, Json request) const {
  if (const auto addressed = check_address(request, account); !addressed) return addressed.error();
  const api::Result<api::ObjectPtr> found = read(registry_, api::kServiceAccounts, account);
  if (!found) return found.error();

  ServiceAccountClaims claims;
  claims.namespace_ = account.namespace_;
  claims.name = account.name;
  claims.uid = api::uid_of(**found);
  Json& spec = request["spec"];
  if (Json& audiences = spec["audiences"]; audiences.is_array() && !audiences.empty()) {
    claims.audiences = audiences.get<std::vector<std::string>>();
  } else {
    audiences = {std::string(ServiceAccountTokens::kIssuer)};
  }
  const std::int64_t seconds = integer_at(spec, {"expirationSeconds"}, kDefaultExpirationSeconds);
  if (const auto checked = check_expiration(seconds); !checked) return checked.error();
  claims.lifetime = std::chrono::seconds(seconds);
  if (const Json* reference = find(spec, {"boundObjectRef"})) {
    if (const auto bound = bind_to_object(registry_, *reference, claims); !bound) return bound.error();
  }

  const TimePoint now = registry_.clock().now();
  const Result<std::string> token = tokens_.issue(claims, now);
  if (!token) return api::internal_error(token.error().message);
  spec["expirationSeconds"] = seconds;
  request["metadata"]["name"] = account.name;
  request["metadata"]["namespace"] = account.namespace_;
  request["metadata"]["creationTimestamp"] = format_time(now);
  request["status"] = {{"token", *token}, {"expirationTimestamp", format_time(now + claims.lifetime)}};
  return api::Result<Json>{boost::system::in_place_value, std::move(request)};
}

}  // namespace skiff::server
