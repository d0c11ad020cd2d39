#include "server/auth/service_account_tokens.h"

#include "api/base/ids.h"
#include "api/base/json.h"
#include "api/base/openssl.h"
#include "server/auth/jwt.h"

#include <algorithm>

namespace skiff::server {

namespace {

std::int64_t unix_seconds(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

Json reference(const std::string& name, const std::string& uid) { return Json{{"name", name}, {"uid", uid}}; }

// Those of `wanted` that the token is for.
std::vector<std::string> common_audiences(const Json& claims, const std::vector<std::string>& wanted) {
  Json audiences = claims.value("aud", Json());
  if (audiences.is_string()) audiences = Json::array({audiences});
  std::vector<std::string> common;
  if (!audiences.is_array()) return common;
  for (const std::string& audience : wanted) {
    if (std::find(audiences.begin(), audiences.end(), audience) != audiences.end()) common.push_back(audience);
  }
  return common;
}

// What the token was made for, under upstream's keys.
void add_extra(const Json& claims, api::User& user) {
  const std::string domain = "authentication.kubernetes.io/";
  if (const std::string id = string_at(claims, {"jti"}); !id.empty())
    user.extra[domain + "credential-id"] = {"JTI=" + id};
  for (const char* object : {"node", "pod"}) {
    for (const char* member : {"name", "uid"}) {
      const std::string value = string_at(claims, {"kubernetes.io", object, member});
      if (!value.empty()) user.extra[domain + object + "-" + member] = {value};
    }
  }
}

bool is_valid_at(const Json& claims, std::int64_t now) {
  return integer_at(claims, {"exp"}) > now && integer_at(claims, {"nbf"}) <= now;
}

}  // namespace

struct ServiceAccountTokens::Impl {
  openssl::KeyPtr key;
};

ServiceAccountTokens::ServiceAccountTokens(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
ServiceAccountTokens::ServiceAccountTokens(ServiceAccountTokens&&) noexcept = default;
ServiceAccountTokens::~ServiceAccountTokens() = default;

Result<ServiceAccountTokens> ServiceAccountTokens::create(const std::string& private_key) {
  auto impl = std::make_unique<Impl>();
  impl->key = openssl::parse_private_key(private_key);
  if (impl->key == nullptr) return openssl::error("service account key");
  if (jwt_algorithm(impl->key.get()).empty()) {
    return Error{ErrorCode::kInvalid, "service account key: neither RSA nor ECDSA P-256"};
  }
  return ServiceAccountTokens(std::move(impl));
}

Result<std::string> ServiceAccountTokens::issue(const ServiceAccountClaims& claims, TimePoint now) const {
  Json bound = {{"namespace", claims.namespace_}, {"serviceaccount", reference(claims.name, claims.uid)}};
  if (!claims.pod_name.empty()) bound["pod"] = reference(claims.pod_name, claims.pod_uid);
  if (!claims.node_name.empty()) bound["node"] = reference(claims.node_name, claims.node_uid);
  const std::vector<std::string> own_audience = {std::string(kIssuer)};
  const std::int64_t issued_at = unix_seconds(now);
  const Json document = {{"aud", claims.audiences.empty() ? own_audience : claims.audiences},
                         {"exp", issued_at + claims.lifetime.count()},
                         {"iat", issued_at},
                         {"iss", kIssuer},
                         {"jti", new_uuid()},
                         {"kubernetes.io", bound},
                         {"nbf", issued_at},
                         {"sub", "system:serviceaccount:" + claims.namespace_ + ":" + claims.name}};
  return sign_jwt(document, impl_->key.get());
}

Json ServiceAccountTokens::public_key() const { return public_jwk(impl_->key.get()); }

std::optional<VerifiedToken> ServiceAccountTokens::verify(std::string_view token,
                                                          const std::vector<std::string>& audiences,
                                                          TimePoint now) const {
  const std::optional<Json> claims = verify_jwt(token, impl_->key.get());
  if (!claims || string_at(*claims, {"iss"}) != kIssuer || !is_valid_at(*claims, unix_seconds(now)))
    return std::nullopt;
  std::vector<std::string> common = common_audiences(*claims, audiences);
  if (common.empty()) return std::nullopt;
  const std::string namespace_ = string_at(*claims, {"kubernetes.io", "namespace"});
  const std::string name = string_at(*claims, {"kubernetes.io", "serviceaccount", "name"});
  api::User user;
  user.name = "system:serviceaccount:" + namespace_ + ":" + name;
  user.uid = string_at(*claims, {"kubernetes.io", "serviceaccount", "uid"});
  user.groups = {"system:serviceaccounts", "system:serviceaccounts:" + namespace_};
  if (string_at(*claims, {"sub"}) != user.name) return std::nullopt;
  add_extra(*claims, user);
  return VerifiedToken{std::move(user), std::move(common)};
}

}  // namespace skiff::server
