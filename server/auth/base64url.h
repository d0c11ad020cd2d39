#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace skiff::server {

// Base64 with "-" and "_" and without padding, as JSON Web Tokens and URLs have it.
[[nodiscard]] std::string base64url_encode(std::string_view bytes);
// Nothing when the text is something else.
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view encoded);

}  // namespace skiff::server
