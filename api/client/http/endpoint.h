#pragma once

#include "api/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace skiff::api {

// Where an HTTPS server is.
struct Endpoint {
  std::string host;  // a DNS name or an address, IPv6 without brackets
  std::uint16_t port = 443;

  // "host:port", IPv6 in brackets: for messages and the Host header.
  [[nodiscard]] std::string to_string() const;
};

// "https://10.0.0.1:6443", "https://[::1]:6443", "https://skiff.example". kInvalid for anything else, a path included.
[[nodiscard]] skiff::Result<Endpoint> parse_server_url(std::string_view url);

// The text as it stands in a path or a query: all but letters, digits and "-._~" as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);

// Adds "name=value" to the query of a request's target; "" is a value, too.
void add_parameter(std::string& target, std::string_view name, std::string_view value);
// The same, unless the value is "", which says nothing.
void add_optional_parameter(std::string& target, std::string_view name, std::string_view value);

}  // namespace skiff::api
