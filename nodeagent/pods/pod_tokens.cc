#include "nodeagent/pods/pod_tokens.h"

#include "api/base/log.h"
#include "nodeagent/pods/pod_view.h"

#include <algorithm>

namespace skiff::nodeagent {

namespace {

constexpr std::int64_t kDefaultLifetimeSeconds = 3600;
constexpr std::chrono::hours kMaxAge{24};
// After a token could not be replaced.
constexpr std::chrono::seconds kRenewalRetryDelay{10};

TimePoint due_time(TimePoint now, TimePoint expires) {
  return now + std::min<TimePoint::duration>((expires - now) * 4 / 5, kMaxAge);
}

Json request_document(const Json& pod, const TokenRequest& request) {
  Json spec{{"expirationSeconds", request.lifetime.count()},
            {"boundObjectRef",
             {{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", api::name_of(pod)}, {"uid", api::uid_of(pod)}}}};
  if (!request.audience.empty()) spec["audiences"] = Json::array({request.audience});
  return Json{{"apiVersion", "authentication.k8s.io/v1"},
              {"kind", "TokenRequest"},
              {"metadata", {{"name", string_at(pod, {"spec", "serviceAccountName"})}}},
              {"spec", std::move(spec)}};
}

void add_requests(const Json& volume, std::set<TokenRequest>& requests) {
  const Json* sources = find(volume, {"projected", "sources"});
  if (sources == nullptr) return;
  for (const Json& source : *sources) {
    if (const Json* token = find(source, {"serviceAccountToken"})) requests.insert(token_request_of(*token));
  }
}

}  // namespace

TokenRequest token_request_of(const Json& source) {
  return {string_at(source, {"audience"}),
          std::chrono::seconds(integer_at(source, {"expirationSeconds"}, kDefaultLifetimeSeconds))};
}

std::set<TokenRequest> token_requests_of(const Json& pod) {
  std::set<TokenRequest> requests;
  for (const Json& volume : volumes_of(pod)) add_requests(volume, requests);
  return requests;
}

std::string token_volume_of(const Json& pod) {
  std::set<TokenRequest> requests;
  for (const Json& volume : volumes_of(pod)) {
    add_requests(volume, requests);
    if (!requests.empty()) return string_at(volume, {"name"});
  }
  return "";
}

PodTokens::PodTokens(asio::any_io_executor executor, api::Client& client, const Clock& clock, Listener listener)
    : client_(client), clock_(clock), listener_(std::move(listener)), timer_(std::move(executor)) {}

Task<api::Result<TokenSnapshot>> PodTokens::tokens(api::ObjectPtr pod) {
  TokenSnapshot snapshot;
  const std::set<TokenRequest> requests = token_requests_of(*pod);
  for (const TokenRequest& request : requests) {
    auto text = co_await token(pod, request);
    if (!text) co_return text.error();
    snapshot[request] = std::move(*text);
  }
  co_return snapshot;
}

Task<api::Result<std::string>> PodTokens::token(api::ObjectPtr pod, TokenRequest request) {
  const Key key{api::uid_of(*pod), request};
  const auto known = tokens_.find(key);
  if (known != tokens_.end() && clock_.now() < known->second.due) co_return known->second.text;

  Json document = request_document(*pod, request);
  api::WriteOptions options;
  options.subresource = "token";
  const auto issued =
      co_await client_.create(api::kServiceAccounts, api::namespace_of(*pod), std::move(document), std::move(options));
  const TimePoint now = clock_.now();
  if (!issued) {
    const auto old = tokens_.find(key);
    if (old == tokens_.end() || old->second.expires <= now) co_return issued.error();
    spdlog::warn("pod {}: renew its service account token: {}", describe_pod(*pod), issued.error().message);
    old->second.due = now + kRenewalRetryDelay;
    old->second.announced = false;
    arm();
    co_return old->second.text;
  }
  const auto expires = parse_time(string_at(**issued, {"status", "expirationTimestamp"}));
  Token token{string_at(**issued, {"status", "token"}), expires ? *expires : now + request.lifetime, {}};
  token.due = due_time(now, token.expires);
  std::string text = token.text;
  if (!stopping_) tokens_[key] = std::move(token);
  arm();
  co_return text;
}

void PodTokens::forget(const std::string& pod_uid) {
  const bool had_tokens = std::erase_if(tokens_, [&](const auto& entry) { return entry.first.pod_uid == pod_uid; }) > 0;
  if (had_tokens) arm();
}

void PodTokens::stop() {
  stopping_ = true;
  tokens_.clear();
  timer_.cancel();
}

void PodTokens::arm() {
  timer_.cancel();
  std::optional<TimePoint> next;
  for (const auto& [key, token] : tokens_) {
    if (!token.announced && (!next || token.due < *next)) next = token.due;
  }
  if (!next || stopping_) return;
  timer_.expires_after(*next - clock_.now());
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) announce_due();
  });
}

void PodTokens::announce_due() {
  const TimePoint now = clock_.now();
  std::set<std::string> pods;
  for (auto& [key, token] : tokens_) {
    if (token.announced || token.due > now) continue;
    token.announced = true;
    pods.insert(key.pod_uid);
  }
  arm();
  for (const std::string& uid : pods) listener_(uid);
}

}  // namespace skiff::nodeagent
