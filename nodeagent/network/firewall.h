#pragma once

#include "nodeagent/network/address.h"

#include <cstdint>
#include <string>
#include <vector>

namespace skiff::nodeagent {

// A port of the node that leads to a pod's.
struct HostPort {
  std::string protocol;  // "tcp", "udp"
  std::string host_ip;   // empty: every address of the node
  std::uint16_t host_port = 0;
  std::string pod_ip;
  std::uint16_t pod_port = 0;
};

struct FirewallOptions {
  std::string nft_program;  // absolute path
  std::string table;
  std::string bridge;
  Ipv4Cidr pod_cidr;
  Ipv4Cidr cluster_cidr;
};

// The whole nft table as text. All our rules are in this one table; nobody else's are touched.
[[nodiscard]] std::string render_table(const FirewallOptions& options, const std::vector<HostPort>& host_ports);

// Replaces the table in one transaction. Blocks (a child process, ~5 ms).
[[nodiscard]] Result<void> apply_table(const FirewallOptions& options, const std::vector<HostPort>& host_ports);

// A missing table is success.
[[nodiscard]] Result<void> remove_table(const std::string& nft_program, const std::string& table);

}  // namespace skiff::nodeagent
