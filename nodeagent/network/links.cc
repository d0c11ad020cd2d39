#include "nodeagent/network/links.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/veth.h>

#include <array>
#include <limits>

namespace skiff::nodeagent {

namespace {

// Stable and unique per address: a pod that gets a released address answers to the same MAC address, so that no
// neighbour table holds a wrong one. 0a is the "locally administered" range that CNI uses too.
std::array<std::uint8_t, 6> mac_of(Ipv4Address address) {
  const auto byte = [&](int shift) { return static_cast<std::uint8_t>(address.value >> shift); };
  return {0x0a, 0x58, byte(24), byte(16), byte(8), byte(0)};
}

ifinfomsg link_header(int index = 0, std::uint32_t flags = 0) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  header.ifi_flags = flags;
  header.ifi_change = flags;
  return header;
}

template <class Header>
Header header_of(std::string_view payload) {
  Header header{};
  std::memcpy(&header, payload.data(), sizeof header);
  return header;
}

template <class Header>
NetlinkAttributes attributes_of(std::string_view payload) {
  return NetlinkAttributes(payload.substr(NLMSG_ALIGN(sizeof(Header))));
}

Ipv4Address address_of(std::string_view bytes) {
  std::uint32_t network_order = 0;
  if (bytes.size() == sizeof network_order) std::memcpy(&network_order, bytes.data(), sizeof network_order);
  return Ipv4Address{ntohl(network_order)};
}

}  // namespace

Result<std::vector<Link>> list_links(NetlinkSocket& socket) {
  std::vector<Link> links;
  const auto visit = [&links](std::string_view payload) {
    const auto attributes = attributes_of<ifinfomsg>(payload);
    Link link;
    link.index = header_of<ifinfomsg>(payload).ifi_index;
    link.name = attributes.text(IFLA_IFNAME);
    link.alias = attributes.text(IFLA_IFALIAS);
    link.kind = NetlinkAttributes(attributes.bytes(IFLA_LINKINFO)).text(IFLA_INFO_KIND);
    link.master_index = static_cast<int>(attributes.number(IFLA_MASTER));
    link.mtu = attributes.number(IFLA_MTU);
    links.push_back(std::move(link));
  };
  auto listed = socket.dump(NetlinkMessage(RTM_GETLINK, 0, link_header()), "list interfaces", visit);
  if (!listed) return listed.error();
  return links;
}

Result<std::optional<Link>> find_link(NetlinkSocket& socket, const std::string& name) {
  auto links = list_links(socket);
  if (!links) return links.error();
  for (Link& link : *links) {
    if (link.name == name) return std::optional<Link>(std::move(link));
  }
  return std::optional<Link>();
}

Result<std::vector<LinkAddress>> list_addresses(NetlinkSocket& socket) {
  std::vector<LinkAddress> addresses;
  const auto visit = [&addresses](std::string_view payload) {
    const auto header = header_of<ifaddrmsg>(payload);
    if (header.ifa_family != AF_INET) return;
    LinkAddress address;
    address.link_index = static_cast<int>(header.ifa_index);
    address.address = address_of(attributes_of<ifaddrmsg>(payload).bytes(IFA_LOCAL));
    address.prefix_length = header.ifa_prefixlen;
    addresses.push_back(address);
  };
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  auto listed = socket.dump(NetlinkMessage(RTM_GETADDR, 0, header), "list addresses", visit);
  if (!listed) return listed.error();
  return addresses;
}

Result<std::optional<int>> default_route_link(NetlinkSocket& socket) {
  std::optional<int> link;
  std::uint32_t best_metric = std::numeric_limits<std::uint32_t>::max();
  const auto visit = [&](std::string_view payload) {
    const auto header = header_of<rtmsg>(payload);
    const auto attributes = attributes_of<rtmsg>(payload);
    if (header.rtm_family != AF_INET || header.rtm_dst_len != 0 || header.rtm_table != RT_TABLE_MAIN) return;
    if (header.rtm_type != RTN_UNICAST || attributes.bytes(RTA_OIF).empty()) return;
    const std::uint32_t metric = attributes.number(RTA_PRIORITY);
    if (link && metric >= best_metric) return;
    link = static_cast<int>(attributes.number(RTA_OIF));
    best_metric = metric;
  };
  rtmsg header{};
  header.rtm_family = AF_INET;
  auto listed = socket.dump(NetlinkMessage(RTM_GETROUTE, 0, header), "list routes", visit);
  if (!listed) return listed.error();
  return link;
}

Result<void> create_bridge(NetlinkSocket& socket, const std::string& name, Ipv4Address address, std::uint32_t mtu) {
  NetlinkMessage message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link_header());
  message.attribute(IFLA_IFNAME, name);
  message.attribute(IFLA_MTU, mtu);
  // Without an address of its own a bridge takes its lowest port's, and changes it as pods come and go.
  const auto mac = mac_of(address);
  message.attribute(IFLA_ADDRESS, mac.data(), mac.size());
  const std::size_t information = message.begin_nested(IFLA_LINKINFO);
  message.attribute(IFLA_INFO_KIND, std::string("bridge"));
  message.end_nested(information);
  return socket.change(std::move(message), "create bridge " + name);
}

Result<void> create_veth(NetlinkSocket& socket, const VethOptions& options) {
  NetlinkMessage message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link_header(0, IFF_UP));
  message.attribute(IFLA_IFNAME, options.host_name);
  message.attribute(IFLA_MTU, options.mtu);
  message.attribute(IFLA_MASTER, static_cast<std::uint32_t>(options.bridge_index));
  const std::size_t information = message.begin_nested(IFLA_LINKINFO);
  message.attribute(IFLA_INFO_KIND, std::string("veth"));
  const std::size_t data = message.begin_nested(IFLA_INFO_DATA);
  const std::size_t peer = message.begin_nested(VETH_INFO_PEER);
  message.append_struct(link_header());
  message.attribute(IFLA_IFNAME, options.peer_name);
  message.attribute(IFLA_MTU, options.mtu);
  const auto mac = mac_of(options.peer_address);
  message.attribute(IFLA_ADDRESS, mac.data(), mac.size());
  message.attribute(IFLA_NET_NS_FD, static_cast<std::uint32_t>(options.peer_namespace_fd));
  message.end_nested(peer);
  message.end_nested(data);
  message.end_nested(information);
  return socket.change(std::move(message), "create interface " + options.host_name);
}

Result<void> set_hairpin(NetlinkSocket& socket, const std::string& port_name) {
  NetlinkMessage message(RTM_NEWLINK, 0, link_header());
  message.attribute(IFLA_IFNAME, port_name);
  const std::size_t information = message.begin_nested(IFLA_LINKINFO);
  message.attribute(IFLA_INFO_SLAVE_KIND, std::string("bridge"));
  const std::size_t data = message.begin_nested(IFLA_INFO_SLAVE_DATA);
  const std::uint8_t on = 1;
  message.attribute(IFLA_BRPORT_MODE, &on, sizeof on);
  message.end_nested(data);
  message.end_nested(information);
  return socket.change(std::move(message), "set hairpin mode of " + port_name);
}

Result<void> set_alias(NetlinkSocket& socket, int index, const std::string& alias) {
  NetlinkMessage message(RTM_NEWLINK, 0, link_header(index));
  message.attribute(IFLA_IFALIAS, alias.data(), alias.size());
  return socket.change(std::move(message), "name the owner of interface " + std::to_string(index));
}

Result<void> set_up(NetlinkSocket& socket, int index) {
  return socket.change(NetlinkMessage(RTM_NEWLINK, 0, link_header(index, IFF_UP)),
                       "set interface " + std::to_string(index) + " up");
}

Result<void> add_address(NetlinkSocket& socket, int index, Ipv4Address address, int prefix_length) {
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = static_cast<std::uint8_t>(prefix_length);
  header.ifa_index = static_cast<std::uint32_t>(index);
  NetlinkMessage message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header);
  const std::uint32_t local = htonl(address.value);
  const Ipv4Cidr network{address, prefix_length};
  // htonl is a macro when optimizing.
  const std::uint32_t broadcast = htonl(network.broadcast().value);
  message.attribute(IFA_LOCAL, local);
  message.attribute(IFA_ADDRESS, local);
  message.attribute(IFA_BROADCAST, broadcast);
  return socket.change(std::move(message), "add address " + address.to_string());
}

Result<void> add_default_route(NetlinkSocket& socket, Ipv4Address gateway) {
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  NetlinkMessage message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header);
  message.attribute(RTA_GATEWAY, static_cast<std::uint32_t>(htonl(gateway.value)));
  return socket.change(std::move(message), "add the default route over " + gateway.to_string());
}

Result<void> delete_link(NetlinkSocket& socket, const std::string& name) {
  NetlinkMessage message(RTM_DELLINK, 0, link_header());
  message.attribute(IFLA_IFNAME, name);
  auto deleted = socket.change(std::move(message), "delete interface " + name);
  // The kernel says ENODEV.
  if (!deleted) {
    auto link = find_link(socket, name);
    if (link && !link->has_value()) return {};
  }
  return deleted;
}

}  // namespace skiff::nodeagent
