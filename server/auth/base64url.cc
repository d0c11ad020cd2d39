#include "server/auth/base64url.h"

#include "api/base/ids.h"

#include <algorithm>

namespace skiff::server {

std::string base64url_encode(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::optional<std::string> base64url_decode(std::string_view encoded) {
  if (encoded.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  std::string text(encoded);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  std::string bytes;
  if (!base64_decode(text, bytes)) return std::nullopt;
  return bytes;
}

}  // namespace skiff::server
