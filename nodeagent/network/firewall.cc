#include "nodeagent/network/firewall.h"

#include "nodeagent/process.h"

namespace skiff::nodeagent {

namespace {

// The elements of a map, or nothing: nft refuses an empty list.
std::string elements(const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string text = "    elements = {\n";
  for (const std::string& line : lines) text += "      " + line + ",\n";
  return text + "    }\n";
}

Result<void> run_nft(const std::string& program, const std::string& script) {
  ProcessOptions process;
  process.arguments = {program, "-f", "-"};
  process.input = script;
  auto result = run_successfully(process);
  if (!result) return result.error();
  return {};
}

}  // namespace

std::string render_table(const FirewallOptions& options, const std::vector<HostPort>& host_ports) {
  std::vector<std::string> everywhere;
  std::vector<std::string> by_address;
  for (const HostPort& port : host_ports) {
    const std::string key = port.protocol + " . " + std::to_string(port.host_port);
    const std::string target = " : " + port.pod_ip + " . " + std::to_string(port.pod_port);
    if (port.host_ip.empty() || port.host_ip == "0.0.0.0") {
      everywhere.push_back(key + target);
    } else {
      by_address.push_back(port.host_ip + " . " + key + target);
    }
  }
  const std::string pods = options.pod_cidr.to_string();
  std::string text = "table ip " + options.table + " {\n";
  text += "  map host_ports {\n    type inet_proto . inet_service : ipv4_addr . inet_service\n" + elements(everywhere) +
          "  }\n";
  text += "  map host_ports_by_address {\n    type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service\n" +
          elements(by_address) + "  }\n";
  // route_localnet lets the node reach host ports on 127.0.0.1; this rule keeps pods from reaching the node's loopback
  // by it.
  text += "  chain guard {\n    type filter hook prerouting priority raw\n    iifname \"" + options.bridge +
          "\" ip daddr 127.0.0.0/8 drop\n  }\n";
  text +=
      "  chain translate {\n"
      "    dnat ip to ip daddr . meta l4proto . th dport map @host_ports_by_address\n"
      "    dnat ip to meta l4proto . th dport map @host_ports\n  }\n";
  text +=
      "  chain prerouting {\n    type nat hook prerouting priority dstnat\n    fib daddr type local jump translate\n  "
      "}\n";
  text += "  chain output {\n    type nat hook output priority -100\n    fib daddr type local jump translate\n  }\n";
  text +=
      "  chain postrouting {\n    type nat hook postrouting priority srcnat\n"
      // A pod that reaches a pod through a host port: the answer must come back through the node.
      "    ct status dnat ip saddr " +
      pods + " ip daddr " + pods +
      " masquerade\n"
      "    ip saddr 127.0.0.0/8 ip daddr " +
      pods +
      " masquerade\n"
      "    ip saddr " +
      pods + " ip daddr != " + options.cluster_cidr.to_string() + " masquerade\n  }\n";
  return text + "}\n";
}

Result<void> apply_table(const FirewallOptions& options, const std::vector<HostPort>& host_ports) {
  // "add" first, since deleting what is not there fails.
  const std::string script =
      "add table ip " + options.table + "\ndelete table ip " + options.table + "\n" + render_table(options, host_ports);
  auto applied = run_nft(options.nft_program, script);
  if (!applied) return applied.error().wrap("replace nft table " + options.table);
  return {};
}

Result<void> remove_table(const std::string& nft_program, const std::string& table) {
  auto removed = run_nft(nft_program, "add table ip " + table + "\ndelete table ip " + table + "\n");
  if (!removed) return removed.error().wrap("remove nft table " + table);
  return {};
}

}  // namespace skiff::nodeagent
