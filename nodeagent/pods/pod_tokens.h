#pragma once

#include "api/base/clock.h"
#include "api/base/task.h"
#include "api/client.h"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <compare>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace skiff::nodeagent {

// A service account token that a projected volume shows: for whom, and how long each one lives.
struct TokenRequest {
  std::string audience;  // empty: the API server's own
  std::chrono::seconds lifetime{3600};
  friend auto operator<=>(const TokenRequest&, const TokenRequest&) = default;
};

// Tokens of one pod as they were at one moment.
using TokenSnapshot = std::map<TokenRequest, std::string>;

// What a source "serviceAccountToken" asks for, and all that a pod's volumes do. Pure.
[[nodiscard]] TokenRequest token_request_of(const Json& source);
[[nodiscard]] std::set<TokenRequest> token_requests_of(const Json& pod);
// The first volume that shows a token; "" when none does.
[[nodiscard]] std::string token_volume_of(const Json& pod);

// Keeps the tokens that the node's pods show, bound to their pod, and tells when one must be replaced: after four
// fifths of its life, or a day (as the kubelet's token manager). One timer for all pods.
//
// Concurrency: everything on the agent's executor.
// It will not: keep a token anywhere but in memory; after a restart of the agent pods get new ones.
class PodTokens {
 public:
  // Called when a token of the pod is due; the next tokens() replaces it.
  using Listener = std::function<void(const std::string& pod_uid)>;

  PodTokens(asio::any_io_executor executor, api::Client& client, const Clock& clock, Listener listener);

  // The pod's tokens, asked for where there is none or it is due. One that cannot be replaced serves as long as it is
  // valid. Errors: the API's, for a token that there is none of.
  Task<api::Result<TokenSnapshot>> tokens(api::ObjectPtr pod);
  void forget(const std::string& pod_uid);
  void stop();

 private:
  struct Key {
    std::string pod_uid;
    TokenRequest request;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Token {
    std::string text;
    TimePoint expires;
    TimePoint due;
    bool announced = false;  // the listener knows that it is due
  };

  Task<api::Result<std::string>> token(api::ObjectPtr pod, TokenRequest request);
  void arm();
  void announce_due();

  api::Client& client_;
  const Clock& clock_;
  Listener listener_;
  std::map<Key, Token> tokens_;
  asio::steady_timer timer_;
  bool stopping_ = false;
};

}  // namespace skiff::nodeagent
