#pragma once

#include "api/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace skiff::nodeagent {

// An IPv4 address in host byte order, so that arithmetic works.
struct Ipv4Address {
  std::uint32_t value = 0;

  // kInvalid for anything but four decimal numbers.
  [[nodiscard]] static Result<Ipv4Address> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(Ipv4Address, Ipv4Address) = default;
};

// "10.244.0.0/24".
struct Ipv4Cidr {
  Ipv4Address base;  // the host bits are zero
  int prefix_length = 0;

  // kInvalid when malformed or when host bits are set.
  [[nodiscard]] static Result<Ipv4Cidr> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] std::uint32_t mask() const {
    return prefix_length == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix_length);
  }
  [[nodiscard]] bool contains(Ipv4Address address) const { return (address.value & mask()) == base.value; }
  [[nodiscard]] bool overlaps(const Ipv4Cidr& other) const { return contains(other.base) || other.contains(base); }
  // The first host address: the bridge's, and the pods' gateway.
  [[nodiscard]] Ipv4Address gateway() const { return Ipv4Address{base.value + 1}; }
  [[nodiscard]] Ipv4Address broadcast() const { return Ipv4Address{base.value | ~mask()}; }
  friend bool operator==(const Ipv4Cidr&, const Ipv4Cidr&) = default;
};

}  // namespace skiff::nodeagent
