#pragma once

#include "api/base/json.h"

#include <string>

// The texts of the files that the agent manages in every container. Pure.
namespace skiff::nodeagent {

// /etc/hosts. `node_hosts` is the node's own file, which pods on the host network get (with a header).
[[nodiscard]] std::string make_hosts_file(const Json& pod, const std::string& pod_ip, const std::string& cluster_domain,
                                          const std::string& node_hosts);

struct DnsSettings {
  std::string cluster_dns;  // "" = the cluster has no DNS: pods use the node's
  std::string cluster_domain;
  std::string node_resolv_conf;  // text of the node's file
};

// /etc/resolv.conf by dnsPolicy and dnsConfig.
[[nodiscard]] std::string make_resolv_conf(const Json& pod, const DnsSettings& settings);

}  // namespace skiff::nodeagent
