#pragma once

#include "nodeagent/network/address.h"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace skiff::nodeagent {

// Hands out the addresses of the node's pod CIDR. Each allocation is a file named after the address that holds its
// owner (a sandbox id), made in one step, so that a crash loses nothing; what no owner claims any more is released by
// release_all_but(). Addresses are taken in turn: a released one is used again as late as possible.
// Thread-safe. One process per directory.
class AddressPool {
 public:
  // Reads the allocations that earlier processes left.
  [[nodiscard]] static Result<std::unique_ptr<AddressPool>> open(std::string directory, Ipv4Cidr cidr);

  // A free address; the owner's own one when it has one already. kUnavailable when the range is used up.
  [[nodiscard]] Result<Ipv4Address> allocate(const std::string& owner);
  // An owner without an address is success.
  [[nodiscard]] Result<void> release(const std::string& owner);
  [[nodiscard]] Result<void> release_all_but(const std::set<std::string>& owners);

 private:
  AddressPool(std::string directory, Ipv4Cidr cidr) : directory_(std::move(directory)), cidr_(cidr) {}
  [[nodiscard]] Result<void> record(Ipv4Address address, const std::string& owner) const;
  [[nodiscard]] Result<void> forget(std::map<std::uint32_t, std::string>::iterator allocation);

  const std::string directory_;
  const Ipv4Cidr cidr_;
  mutable std::mutex mutex_;
  std::map<std::uint32_t, std::string> owners_;
  std::uint32_t last_ = 0;  // the latest address given out
};

}  // namespace skiff::nodeagent
