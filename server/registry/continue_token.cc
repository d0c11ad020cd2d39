#include "server/registry/continue_token.h"

#include "api/base/check.h"
#include "api/base/ids.h"
#include "api/base/json.h"

#include <algorithm>

namespace skiff::server {

namespace {

constexpr const char* kVersion = "meta.k8s.io/v1";
// Of base64 for addresses, without padding.
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

api::Status not_valid(std::string_view why) {
  return api::bad_request("invalid continue token: continue key is not valid: " + std::string(why));
}

}  // namespace

std::string ContinueToken::encode(std::string_view prefix) const {
  CHECK_INVARIANT(after.starts_with(prefix));
  // The first key that may follow: the last one with a zero byte behind it.
  std::string start = after.substr(prefix.size());
  start.push_back('\0');
  const Json token{{"v", kVersion}, {"rv", revision}, {"start", start}};
  std::string text = base64_encode(to_json_text(token));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

api::Result<ContinueToken> ContinueToken::decode(std::string_view text, std::string_view prefix) {
  std::string standard(text);
  std::replace(standard.begin(), standard.end(), '-', '+');
  std::replace(standard.begin(), standard.end(), '_', '/');
  standard.append((4 - standard.size() % 4) % 4, '=');
  std::string bytes;
  if (!base64_decode(standard, bytes)) {
    const std::size_t wrong = std::min(text.find_first_not_of(kAlphabet), text.size());
    return not_valid("illegal base64 data at input byte " + std::to_string(wrong));
  }
  auto parsed = parse_json(bytes);
  if (!parsed || !parsed->value.is_object()) return not_valid("not a JSON object");
  const Json& token = parsed->value;
  const std::string version = string_at(token, {"v"});
  if (version != kVersion) {
    return not_valid("server does not recognize this encoded version " + to_json_text(Json(version)));
  }
  const std::int64_t revision = integer_at(token, {"rv"});
  if (revision == 0 || revision < kInconsistent) {
    return not_valid("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  }
  std::string start = string_at(token, {"start"});
  if (start.empty()) return not_valid("encoded start key empty (version meta.k8s.io/v1)");
  if (start.back() == '\0') start.pop_back();
  return ContinueToken{revision, std::string(prefix) + start};
}

}  // namespace skiff::server
