#include "nodeagent/network/pod_network.h"

#include "api/base/files.h"
#include "api/base/log.h"
#include "nodeagent/first_failure.h"
#include "nodeagent/network/namespace.h"
#include "nodeagent/process.h"

#include <set>

namespace skiff::nodeagent {

namespace {

constexpr std::string_view kVethPrefix = "skf";
constexpr std::size_t kVethIdLength = 12;  // with the prefix the kernel's limit of 15
constexpr std::uint32_t kDefaultMtu = 1500;

std::string veth_name(const std::string& sandbox_id) {
  return std::string(kVethPrefix) + sandbox_id.substr(0, kVethIdLength);
}

// Whose a bridge is stands in its alias: `ip -d link` shows it.
std::string owner_alias(const NetworkOptions& options) { return "skiff:" + options.data_directory; }

std::string table_name(const NetworkOptions& options) {
  return options.bridge == NetworkOptions{}.bridge ? "skiff" : "skiff_" + options.bridge;
}

std::string addresses_directory(const NetworkOptions& options) { return options.data_directory + "/network/addresses"; }
// Holds the name of the interface that we let forward, for clean().
std::string uplink_file(const NetworkOptions& options) { return options.data_directory + "/network/forwarding-uplink"; }

std::string interface_setting(const std::string& interface, const std::string& name) {
  return "/proc/sys/net/ipv4/conf/" + interface + "/" + name;
}

bool is_valid_link_name(const std::string& name) {
  return !name.empty() && name.size() <= 15 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
             std::string::npos;
}

}  // namespace

Result<std::unique_ptr<PodNetwork>> PodNetwork::open(NetworkOptions options) {
  auto network = std::unique_ptr<PodNetwork>(new PodNetwork(std::move(options)));
  const NetworkOptions& given = network->options_;
  if (!is_valid_link_name(given.bridge)) {
    return Error{ErrorCode::kInvalid, "not a usable bridge name: \"" + given.bridge + "\""};
  }
  auto pod_cidr = Ipv4Cidr::parse(given.pod_cidr);
  if (!pod_cidr) return pod_cidr.error();
  auto cluster_cidr = Ipv4Cidr::parse(given.cluster_cidr);
  if (!cluster_cidr) return cluster_cidr.error();
  if (pod_cidr->prefix_length > 30) {
    return Error{ErrorCode::kInvalid, "pod CIDR " + given.pod_cidr + " has no room for pods"};
  }
  FirewallOptions& firewall = network->firewall_;
  firewall = {find_program("nft"), table_name(given), given.bridge, *pod_cidr, *cluster_cidr};
  if (firewall.nft_program.empty()) {
    return Error{ErrorCode::kNotFound, "the program nft is missing: install Debian's package nftables"};
  }
  auto addresses = AddressPool::open(addresses_directory(given), *pod_cidr);
  if (!addresses) return addresses.error();
  network->addresses_ = std::move(*addresses);
  if (auto made = network->set_up_bridge(); !made) return made.error().wrap("pod network");
  return network;
}

Result<void> PodNetwork::set_up_bridge() {
  auto socket = NetlinkSocket::open();
  if (!socket) return socket.error();
  auto found = find_link(*socket, options_.bridge);
  if (!found) return found.error();
  if (found->has_value()) {
    if (auto ours = check_bridge(*socket, **found); !ours) return ours;
  } else if (auto free = check_overlaps(*socket); !free) {
    return free;
  }
  mtu_ = options_.mtu;
  if (mtu_ == 0) {
    mtu_ = kDefaultMtu;
    auto uplink = default_route_link(*socket);
    auto links = list_links(*socket);
    if (!uplink || !links) return uplink ? links.error() : uplink.error();
    for (const Link& link : *links) {
      if (*uplink == link.index) mtu_ = link.mtu;
    }
  }
  const Ipv4Address gateway = firewall_.pod_cidr.gateway();
  if (!found->has_value()) {
    if (auto made = create_bridge(*socket, options_.bridge, gateway, mtu_); !made) return made;
    found = find_link(*socket, options_.bridge);
    if (!found) return found.error();
    if (!found->has_value()) return Error{ErrorCode::kInternal, "bridge " + options_.bridge + " vanished"};
  }
  bridge_index_ = (**found).index;
  // Each step again on a bridge that is there: the process that made it may have died half way.
  if (auto named = set_alias(*socket, bridge_index_, owner_alias(options_)); !named) return named;
  auto addressed = add_address(*socket, bridge_index_, gateway, firewall_.pod_cidr.prefix_length);
  if (!addressed && addressed.error().code != ErrorCode::kAlreadyExists) return addressed;
  if (auto up = set_up(*socket, bridge_index_); !up) return up;
  for (const char* setting : {"forwarding", "route_localnet"}) {
    if (auto set = write_existing_file(interface_setting(options_.bridge, setting), "1"); !set) return set;
  }
  return let_uplink_forward(*socket);
}

Result<void> PodNetwork::check_bridge(NetlinkSocket& socket, const Link& bridge) const {
  const std::string advice = ": choose another bridge and pod CIDR, or remove it";
  if (bridge.kind != "bridge" || (!bridge.alias.empty() && bridge.alias != owner_alias(options_))) {
    const std::string owner = bridge.alias.empty() ? "somebody else" : bridge.alias;
    return Error{ErrorCode::kAlreadyExists, "interface " + bridge.name + " belongs to " + owner + advice};
  }
  auto addresses = list_addresses(socket);
  if (!addresses) return addresses.error();
  for (const LinkAddress& address : *addresses) {
    if (address.link_index != bridge.index) continue;
    if (address.address == firewall_.pod_cidr.gateway() && address.prefix_length == firewall_.pod_cidr.prefix_length)
      continue;
    return Error{ErrorCode::kAlreadyExists,
                 "bridge " + bridge.name + " has the address " + address.address.to_string() + "/" +
                     std::to_string(address.prefix_length) + ", not one for pod CIDR " + options_.pod_cidr + advice};
  }
  // Ours is named right after it is made; one without a name may be ours only while it is empty.
  if (!bridge.alias.empty()) return {};
  auto links = list_links(socket);
  if (!links) return links.error();
  for (const Link& link : *links) {
    if (link.master_index == bridge.index) {
      return Error{ErrorCode::kAlreadyExists, "bridge " + bridge.name + " is in use by somebody else" + advice};
    }
  }
  return {};
}

Result<void> PodNetwork::check_overlaps(NetlinkSocket& socket) const {
  auto addresses = list_addresses(socket);
  if (!addresses) return addresses.error();
  for (const LinkAddress& present : *addresses) {
    Ipv4Cidr network{present.address, present.prefix_length};
    network.base.value &= network.mask();
    if (!network.overlaps(firewall_.pod_cidr)) continue;
    return Error{ErrorCode::kAlreadyExists, "pod CIDR " + options_.pod_cidr + " overlaps the network " +
                                                network.to_string() + " of another interface: choose another pod CIDR"};
  }
  return {};
}

Result<void> PodNetwork::let_uplink_forward(NetlinkSocket& socket) {
  auto uplink = default_route_link(socket);
  if (!uplink) return uplink.error();
  const std::scoped_lock lock(mutex_);
  if (!uplink->has_value() || **uplink == uplink_index_ || **uplink == bridge_index_) return {};
  auto links = list_links(socket);
  if (!links) return links.error();
  for (const Link& link : *links) {
    if (link.index != **uplink) continue;
    const std::string setting = interface_setting(link.name, "forwarding");
    auto present = read_file(setting);
    if (!present) return present.error();
    if (present->starts_with("0")) {
      if (auto noted = write_file_atomically(uplink_file(options_), link.name); !noted) return noted;
      if (auto set = write_existing_file(setting, "1"); !set) return set;
      spdlog::info("pod network: interface {} now forwards, so that answers reach pods (skiff clean takes it back)",
                   link.name);
    }
    uplink_index_ = link.index;
  }
  return {};
}

Result<void> PodNetwork::recover(const std::vector<NetworkMember>& members) {
  std::set<std::string> owners;
  std::set<std::string> veths;
  std::vector<HostPort> all_ports;
  {
    const std::scoped_lock lock(mutex_);
    host_ports_.clear();
    for (const NetworkMember& member : members) {
      owners.insert(member.sandbox_id);
      veths.insert(veth_name(member.sandbox_id));
      all_ports.insert(all_ports.end(), member.host_ports.begin(), member.host_ports.end());
      if (!member.host_ports.empty()) host_ports_[member.sandbox_id] = member.host_ports;
    }
    if (auto applied = apply_table(firewall_, all_ports); !applied) return applied;
  }
  auto socket = NetlinkSocket::open();
  if (!socket) return socket.error();
  auto links = list_links(*socket);
  if (!links) return links.error();
  for (const Link& link : *links) {
    if (link.master_index != bridge_index_ || !link.name.starts_with(kVethPrefix) || veths.contains(link.name))
      continue;
    spdlog::info("pod network: removing the forgotten interface {}", link.name);
    if (auto deleted = delete_link(*socket, link.name); !deleted) {
      spdlog::warn("pod network: it stays until the next start: {}", deleted.error().message);
    }
  }
  return addresses_->release_all_but(owners);
}

Result<std::string> PodNetwork::attach(const std::string& sandbox_id, const std::string& namespace_path,
                                       std::vector<HostPort> host_ports) {
  auto address = addresses_->allocate(sandbox_id);
  if (!address) return address.error();
  for (HostPort& port : host_ports) port.pod_ip = address->to_string();
  auto attached = connect(sandbox_id, namespace_path, *address);
  if (attached && !host_ports.empty()) attached = publish(sandbox_id, std::move(host_ports));
  if (!attached) {
    static_cast<void>(detach(sandbox_id, namespace_path));
    return attached.error().wrap("pod network");
  }
  return address->to_string();
}

Result<void> PodNetwork::connect(const std::string& sandbox_id, const std::string& namespace_path,
                                 Ipv4Address address) {
  auto pod = create_network_namespace(namespace_path);
  if (!pod) return pod.error();
  auto host = NetlinkSocket::open();
  if (!host) return host.error();
  VethOptions veth;
  veth.host_name = veth_name(sandbox_id);
  veth.bridge_index = bridge_index_;
  veth.peer_name = "eth0";
  veth.peer_namespace_fd = pod->fd.get();
  veth.peer_address = address;
  veth.mtu = mtu_;
  if (auto made = create_veth(*host, veth); !made) return made;
  auto peer = find_link(pod->socket, veth.peer_name);
  if (!peer) return peer.error();
  if (!peer->has_value()) return Error{ErrorCode::kInternal, "interface eth0 is not in the new namespace"};
  const int index = (**peer).index;
  if (auto added = add_address(pod->socket, index, address, firewall_.pod_cidr.prefix_length); !added) return added;
  if (auto up = set_up(pod->socket, index); !up) return up;
  if (auto routed = add_default_route(pod->socket, firewall_.pod_cidr.gateway()); !routed) return routed;
  return let_uplink_forward(*host);
}

Result<void> PodNetwork::publish(const std::string& sandbox_id, std::vector<HostPort> host_ports) {
  auto socket = NetlinkSocket::open();
  if (!socket) return socket.error();
  if (auto set = set_hairpin(*socket, veth_name(sandbox_id)); !set) return set;
  return replace_host_ports(sandbox_id, std::move(host_ports));
}

Result<void> PodNetwork::replace_host_ports(const std::string& sandbox_id, std::vector<HostPort> host_ports) {
  const std::scoped_lock lock(mutex_);
  if (host_ports.empty()) {
    if (host_ports_.erase(sandbox_id) == 0) return {};
  } else {
    host_ports_[sandbox_id] = std::move(host_ports);
  }
  std::vector<HostPort> all;
  for (const auto& [id, ports] : host_ports_) all.insert(all.end(), ports.begin(), ports.end());
  return apply_table(firewall_, all);
}

Result<void> PodNetwork::detach(const std::string& sandbox_id, const std::string& namespace_path) {
  // Everything is tried, so that one failure leaves as little as possible; the first is told.
  FirstFailure failure;
  failure.note(replace_host_ports(sandbox_id, {}));
  auto socket = NetlinkSocket::open();
  failure.note(socket ? delete_link(*socket, veth_name(sandbox_id)) : Result<void>(socket.error()));
  failure.note(remove_network_namespace(namespace_path));
  // The address last: nobody may get it while it is still in use.
  if (auto failed = failure.take(); !failed) return failed;
  return addresses_->release(sandbox_id);
}

Result<void> PodNetwork::clean(const NetworkOptions& options) {
  auto socket = NetlinkSocket::open();
  if (!socket) return socket.error();
  auto links = list_links(*socket);
  if (!links) return links.error();
  for (const Link& bridge : *links) {
    if (bridge.name != options.bridge || bridge.alias != owner_alias(options)) continue;
    for (const Link& port : *links) {
      if (port.master_index != bridge.index || !port.name.starts_with(kVethPrefix)) continue;
      if (auto deleted = delete_link(*socket, port.name); !deleted) return deleted;
    }
    if (auto deleted = delete_link(*socket, bridge.name); !deleted) return deleted;
    const std::string nft = find_program("nft");
    if (nft.empty()) continue;
    if (auto removed = remove_table(nft, table_name(options)); !removed) return removed;
  }
  if (const auto uplink = read_file(uplink_file(options))) {
    auto restored = write_existing_file(interface_setting(*uplink, "forwarding"), "0");
    if (!restored && restored.error().code != ErrorCode::kNotFound) return restored;
  }
  return remove_tree(options.data_directory + "/network");
}

}  // namespace skiff::nodeagent
