#pragma once

#include "api/field_error.h"

#include <string>
#include <string_view>

// Rules about addresses that Services and endpoints share.
namespace skiff::server {

// Of a text that is an address.
[[nodiscard]] inline bool is_ipv6(std::string_view ip) { return ip.find(':') != std::string_view::npos; }

// That it is an address, and one that other machines could reach.
void validate_endpoint_ip(const std::string& ip, const std::string& path, api::FieldErrors& errors);
// The second half: neither unspecified, loopback nor link-local.
void validate_non_special_ip(const std::string& ip, const std::string& path, api::FieldErrors& errors);

}  // namespace skiff::server
