#include "nodeagent/network/address.h"

#include <arpa/inet.h>

#include <charconv>

namespace skiff::nodeagent {

Result<Ipv4Address> Ipv4Address::parse(std::string_view text) {
  in_addr address{};
  if (::inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) {
    return Error{ErrorCode::kInvalid, "not an IPv4 address: \"" + std::string(text) + "\""};
  }
  return Ipv4Address{ntohl(address.s_addr)};
}

std::string Ipv4Address::to_string() const {
  return std::to_string(value >> 24) + "." + std::to_string(value >> 16 & 255) + "." +
         std::to_string(value >> 8 & 255) + "." + std::to_string(value & 255);
}

Result<Ipv4Cidr> Ipv4Cidr::parse(std::string_view text) {
  const Error malformed{ErrorCode::kInvalid, "not an IPv4 CIDR: \"" + std::string(text) + "\""};
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return malformed;
  const auto base = Ipv4Address::parse(text.substr(0, slash));
  if (!base) return malformed;
  Ipv4Cidr cidr{*base, 0};
  const std::string_view length = text.substr(slash + 1);
  const auto [end, failed] = std::from_chars(length.data(), length.data() + length.size(), cidr.prefix_length);
  if (failed != std::errc{} || end != length.data() + length.size()) return malformed;
  if (cidr.prefix_length < 0 || cidr.prefix_length > 32 || (base->value & ~cidr.mask()) != 0) return malformed;
  return cidr;
}

std::string Ipv4Cidr::to_string() const { return base.to_string() + "/" + std::to_string(prefix_length); }

}  // namespace skiff::nodeagent
