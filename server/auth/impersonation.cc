#include "server/auth/impersonation.h"

#include "api/base/json.h"
#include "api/base/text.h"
#include "server/http/status_response.h"
#include "server/http/target.h"

#include <algorithm>
#include <optional>

namespace skiff::server {

namespace {

constexpr std::string_view kPrefix = "Impersonate-";
constexpr std::string_view kExtraPrefix = "Impersonate-Extra-";
constexpr std::string_view kServiceAccountPrefix = "system:serviceaccount:";
constexpr std::string_view kAnonymous = "system:anonymous";
constexpr std::string_view kAuthenticated = "system:authenticated";
constexpr std::string_view kUnauthenticated = "system:unauthenticated";

// A header's name is written in any case and cannot hold every character: keys are lower-case and percent-encoded.
std::string extra_key(std::string_view header) {
  const std::string key = lower_case(header.substr(kExtraPrefix.size()));
  return percent_decoded(key).value_or(key);
}

// Whom the headers ask for; a name that is empty when they ask for nobody.
api::User asked_user(const Headers& headers) {
  api::User user;
  user.name = headers.get("Impersonate-User");
  user.uid = headers.get("Impersonate-Uid");
  for (const auto& [name, value] : headers.all()) {
    if (equal_ignoring_case(name, "Impersonate-Group")) user.groups.push_back(value);
    if (starts_with_ignoring_case(name, kExtraPrefix)) user.extra[extra_key(name)].push_back(value);
  }
  return user;
}

// A service account's namespace and name, out of its user name; no parts for other users.
struct AccountName {
  std::string namespace_;
  std::string name;
};
std::optional<AccountName> account_of(std::string_view user) {
  if (!user.starts_with(kServiceAccountPrefix)) return std::nullopt;
  user.remove_prefix(kServiceAccountPrefix.size());
  const std::size_t colon = user.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == user.size()) return std::nullopt;
  if (user.find(':', colon + 1) != std::string_view::npos) return std::nullopt;
  return AccountName{std::string(user.substr(0, colon)), std::string(user.substr(colon + 1))};
}

AuthorizationAttributes impersonation_of(const api::User& requestor, std::string resource, std::string name) {
  AuthorizationAttributes attributes;
  attributes.user = requestor;
  attributes.verb = "impersonate";
  attributes.is_resource = true;
  attributes.resource = std::move(resource);
  attributes.name = std::move(name);
  return attributes;
}

// Everything that the requestor must be allowed, each on its own.
std::vector<AuthorizationAttributes> needed_rights(const api::User& requestor, const api::User& asked) {
  std::vector<AuthorizationAttributes> needed;
  if (const auto account = account_of(asked.name)) {
    needed.push_back(impersonation_of(requestor, "serviceaccounts", account->name));
    needed.back().namespace_ = account->namespace_;
  } else {
    needed.push_back(impersonation_of(requestor, "users", asked.name));
  }
  for (const std::string& group : asked.groups) needed.push_back(impersonation_of(requestor, "groups", group));
  for (const auto& [key, values] : asked.extra) {
    for (const std::string& value : values) {
      needed.push_back(impersonation_of(requestor, "userextras", value));
      needed.back().group = "authentication.k8s.io";
      needed.back().subresource = key;
    }
  }
  if (!asked.uid.empty()) {
    needed.push_back(impersonation_of(requestor, "uids", asked.uid));
    needed.back().group = "authentication.k8s.io";
  }
  return needed;
}

// The groups that everybody of that kind is in, unless the headers chose between them.
void add_system_groups(api::User& user) {
  if (const auto account = account_of(user.name); account && user.groups.empty()) {
    user.groups = {"system:serviceaccounts", "system:serviceaccounts:" + account->namespace_};
  }
  if (user.name == kAnonymous) {
    if (!user.in_group(kUnauthenticated)) user.groups.emplace_back(kUnauthenticated);
  } else if (!user.in_group(kAuthenticated) && !user.in_group(kUnauthenticated)) {
    user.groups.emplace_back(kAuthenticated);
  }
}

Headers without_impersonation(const Headers& headers) {
  Headers kept;
  for (const auto& [name, value] : headers.all()) {
    if (!starts_with_ignoring_case(name, kPrefix)) kept.add(name, value);
  }
  return kept;
}

// Upstream's answer, which is no Status.
Response nobody_named(const Request& request) {
  Response response;
  response.status = 500;
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.body.push_back(
      Slice::of("Internal Server Error: " + to_json_text(request.path) +
                ": requested impersonation of groups, uid or extra without impersonating a user\n"));
  return response;
}

}  // namespace

Task<Response> ImpersonatingHandler::handle(Request request) {
  api::User asked = asked_user(request.headers);
  if (asked.name.empty()) {
    if (!asked.groups.empty() || !asked.uid.empty() || !asked.extra.empty()) co_return nobody_named(request);
    co_return co_await next_.handle(std::move(request));
  }
  for (const AuthorizationAttributes& right : needed_rights(request.user, asked)) {
    const api::Result<void> allowed = authorizer_.authorize(right);
    if (!allowed) co_return status_response(allowed.error());
  }
  add_system_groups(asked);
  request.user = std::move(asked);
  request.headers = without_impersonation(request.headers);
  co_return co_await next_.handle(std::move(request));
}

}  // namespace skiff::server
