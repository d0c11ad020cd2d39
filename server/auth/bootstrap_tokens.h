#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "api/user.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

// Bootstrap tokens, as upstream has them: "ID.SECRET", kept in Secrets of type bootstrap.kubernetes.io/token in
// kube-system, so that `kubectl` lists and revokes them. Agents join with one and go on using it. Plain functions of
// values.
namespace skiff::server {

struct BootstrapToken {
  std::string id;      // six of a-z0-9
  std::string secret;  // sixteen

  [[nodiscard]] std::string to_string() const { return id + "." + secret; }
};

// Gives the Secret of that name in kube-system, if there is one.
using FindSecret = std::function<std::optional<Json>(const std::string& name)>;

[[nodiscard]] BootstrapToken new_bootstrap_token();
// Nothing when the text is no bootstrap token.
[[nodiscard]] std::optional<BootstrapToken> parse_bootstrap_token(const std::string& text);

// "bootstrap-token-ID".
[[nodiscard]] std::string bootstrap_secret_name(const std::string& id);
// The Secret to be made for a token. `time_to_live` 0: it never expires.
[[nodiscard]] Json make_bootstrap_secret(const BootstrapToken& token, TimePoint now,
                                         std::chrono::nanoseconds time_to_live);
// system:bootstrap:ID, when the Secret is this token's, allows authentication and has not expired.
[[nodiscard]] std::optional<api::User> bootstrap_user(const Json& secret, const BootstrapToken& token, TimePoint now);

}  // namespace skiff::server
