#include "server/auth/bootstrap_tokens.h"

#include "api/base/ids.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace skiff::server {

namespace {

constexpr const char* kSecretType = "bootstrap.kubernetes.io/token";
constexpr const char* kNodeGroup = "system:bootstrappers:skiff:node";
constexpr std::size_t kIdLength = 6;
constexpr std::size_t kSecretLength = 16;

bool is_token_part(std::string_view text, std::size_t length) {
  return text.size() == length &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

std::string decoded(const Json& secret, std::string_view key) {
  std::string bytes;
  if (!base64_decode(string_at(secret, {"data", key}), bytes)) return "";
  return bytes;
}

// Takes the same time wherever the two differ.
bool are_equal(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// The groups beside system:bootstrappers, with commas between them; only those that begin with it count.
void add_extra_groups(const std::string& text, std::vector<std::string>& groups) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view group = std::string_view(text).substr(begin, end - begin);
    if (group.starts_with("system:bootstrappers:")) groups.emplace_back(group);
    begin = end + 1;
  }
}

}  // namespace

BootstrapToken new_bootstrap_token() {
  // Hexadecimal digits are among the characters allowed. The secret has 64 bits, which nobody tries through an API.
  return BootstrapToken{random_hex(kIdLength / 2), random_hex(kSecretLength / 2)};
}

std::optional<BootstrapToken> parse_bootstrap_token(const std::string& text) {
  const auto dot = text.find('.');
  if (dot == std::string::npos) return std::nullopt;
  BootstrapToken token{text.substr(0, dot), text.substr(dot + 1)};
  if (!is_token_part(token.id, kIdLength) || !is_token_part(token.secret, kSecretLength)) return std::nullopt;
  return token;
}

std::string bootstrap_secret_name(const std::string& id) { return "bootstrap-token-" + id; }

Json make_bootstrap_secret(const BootstrapToken& token, TimePoint now, std::chrono::nanoseconds time_to_live) {
  Json secret = {{"apiVersion", "v1"}, {"kind", "Secret"}, {"type", kSecretType}};
  secret["metadata"] = {{"name", bootstrap_secret_name(token.id)}, {"namespace", "kube-system"}};
  Json& data = secret["stringData"];
  data = {{"token-id", token.id},
          {"token-secret", token.secret},
          {"usage-bootstrap-authentication", "true"},
          {"auth-extra-groups", kNodeGroup},
          {"description", "For skiff agent"}};
  if (time_to_live.count() > 0) {
    data["expiration"] = format_time(now + std::chrono::duration_cast<TimePoint::duration>(time_to_live));
  }
  return secret;
}

std::optional<api::User> bootstrap_user(const Json& secret, const BootstrapToken& token, TimePoint now) {
  if (string_at(secret, {"type"}) != kSecretType || find(secret, {"metadata", "deletionTimestamp"}) != nullptr) {
    return std::nullopt;
  }
  if (!are_equal(decoded(secret, "token-id"), token.id) || !are_equal(decoded(secret, "token-secret"), token.secret)) {
    return std::nullopt;
  }
  if (decoded(secret, "usage-bootstrap-authentication") != "true") return std::nullopt;
  if (const std::string expiration = decoded(secret, "expiration"); !expiration.empty()) {
    const auto until = parse_time(expiration);
    if (!until || *until <= now) return std::nullopt;
  }
  api::User user{"system:bootstrap:" + token.id, {"system:bootstrappers"}, ""};
  add_extra_groups(decoded(secret, "auth-extra-groups"), user.groups);
  return user;
}

}  // namespace skiff::server
