#pragma once

#include "nodeagent/network/address.h"
#include "nodeagent/network/netlink.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// Interfaces, addresses and routes as plain functions over a route socket; they know nothing of pods.
namespace skiff::nodeagent {

struct Link {
  int index = 0;
  std::string name;
  std::string alias;
  std::string kind;      // "bridge", "veth"; empty for a physical one
  int master_index = 0;  // of the bridge that it is a port of
  std::uint32_t mtu = 0;
};

struct LinkAddress {
  int link_index = 0;
  Ipv4Address address;
  int prefix_length = 0;
};

struct VethOptions {
  std::string host_name;  // at most 15 characters
  int bridge_index = 0;
  std::string peer_name;
  int peer_namespace_fd = -1;
  Ipv4Address peer_address;  // its MAC address is made from it
  std::uint32_t mtu = 1500;
};

[[nodiscard]] Result<std::vector<Link>> list_links(NetlinkSocket& socket);
[[nodiscard]] Result<std::optional<Link>> find_link(NetlinkSocket& socket, const std::string& name);
[[nodiscard]] Result<std::vector<LinkAddress>> list_addresses(NetlinkSocket& socket);
// The interface of the default IPv4 route with the lowest metric; nothing without one.
[[nodiscard]] Result<std::optional<int>> default_route_link(NetlinkSocket& socket);

[[nodiscard]] Result<void> create_bridge(NetlinkSocket& socket, const std::string& name, Ipv4Address address,
                                         std::uint32_t mtu);
// Both ends in one step: the host's end up and in the bridge, the peer in its namespace (down).
[[nodiscard]] Result<void> create_veth(NetlinkSocket& socket, const VethOptions& options);
// Lets the bridge send a packet back into the port that it came from: a pod that reaches itself through a host port.
[[nodiscard]] Result<void> set_hairpin(NetlinkSocket& socket, const std::string& port_name);
[[nodiscard]] Result<void> set_alias(NetlinkSocket& socket, int index, const std::string& alias);
[[nodiscard]] Result<void> set_up(NetlinkSocket& socket, int index);
[[nodiscard]] Result<void> add_address(NetlinkSocket& socket, int index, Ipv4Address address, int prefix_length);
[[nodiscard]] Result<void> add_default_route(NetlinkSocket& socket, Ipv4Address gateway);
// A missing interface is success.
[[nodiscard]] Result<void> delete_link(NetlinkSocket& socket, const std::string& name);

}  // namespace skiff::nodeagent
