#pragma once

#include "nodeagent/network/address_pool.h"
#include "nodeagent/network/firewall.h"
#include "nodeagent/network/links.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace skiff::nodeagent {

struct NetworkOptions {
  std::string data_directory;  // absolute; for the address allocations
  // Two skiffs on one machine need different bridges and CIDRs. The nft table is named after the bridge.
  std::string bridge = "skiff0";
  std::string pod_cidr = "10.244.0.0/24";      // this node's
  std::string cluster_cidr = "10.244.0.0/16";  // traffic inside keeps its source address
  std::uint32_t mtu = 0;                       // 0: that of the default route's interface, or 1500
};

// A sandbox that is in the network.
struct NetworkMember {
  std::string sandbox_id;
  std::vector<HostPort> host_ports;
};

// The node's pod network: a bridge, a veth pair per sandbox, addresses, masquerading and host ports. Everything by
// rtnetlink and one nft table, in the network namespace of the process.
//
// What it changes on the host: the bridge and the pairs; the table; forwarding and route_localnet *of its own bridge*;
// and, when the host does not forward at all, forwarding of the interface with the default route, without which no
// answer comes back to a pod. Packets between other interfaces are forwarded no more than before, and
// net.ipv4.ip_forward stays as it is. clean() takes all of it back.
//
// All functions block (milliseconds) and are thread-safe.
class PodNetwork {
 public:
  // Makes or adopts the bridge. kAlreadyExists when it belongs to somebody else or has other addresses, or when the pod
  // CIDR overlaps a network that the host is in; kNotFound when the program nft is missing.
  [[nodiscard]] static Result<std::unique_ptr<PodNetwork>> open(NetworkOptions options);

  // After a start: these sandboxes are in the network; addresses and interfaces of others are released. Replaces the
  // nft table.
  [[nodiscard]] Result<void> recover(const std::vector<NetworkMember>& members);

  // Makes a network namespace at `namespace_path` that is connected and has an address, which is returned. `host_ports`
  // lack their pod_ip. On failure nothing is left.
  [[nodiscard]] Result<std::string> attach(const std::string& sandbox_id, const std::string& namespace_path,
                                           std::vector<HostPort> host_ports);
  // Idempotent, also for what was attached half.
  [[nodiscard]] Result<void> detach(const std::string& sandbox_id, const std::string& namespace_path);

  // Removes bridge, interfaces, table and allocations. Pods must be gone.
  [[nodiscard]] static Result<void> clean(const NetworkOptions& options);

 private:
  explicit PodNetwork(NetworkOptions options) : options_(std::move(options)) {}
  [[nodiscard]] Result<void> set_up_bridge();
  [[nodiscard]] Result<void> check_bridge(NetlinkSocket& socket, const Link& bridge) const;
  [[nodiscard]] Result<void> check_overlaps(NetlinkSocket& socket) const;
  [[nodiscard]] Result<void> let_uplink_forward(NetlinkSocket& socket);
  [[nodiscard]] Result<void> connect(const std::string& sandbox_id, const std::string& namespace_path,
                                     Ipv4Address address);
  [[nodiscard]] Result<void> publish(const std::string& sandbox_id, std::vector<HostPort> host_ports);
  [[nodiscard]] Result<void> replace_host_ports(const std::string& sandbox_id, std::vector<HostPort> host_ports);

  const NetworkOptions options_;
  FirewallOptions firewall_;
  std::unique_ptr<AddressPool> addresses_;
  int bridge_index_ = 0;
  std::uint32_t mtu_ = 1500;

  std::mutex mutex_;  // for what follows, held while the nft table is replaced
  std::map<std::string, std::vector<HostPort>> host_ports_;
  int uplink_index_ = 0;
};

}  // namespace skiff::nodeagent
