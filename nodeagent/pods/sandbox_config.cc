#include "nodeagent/pods/sandbox_config.h"

#include "nodeagent/pods/pod_view.h"
#include "nodeagent/pods/qos.h"

namespace skiff::nodeagent {

namespace {

constexpr std::size_t kMaxHostname = 63;

void add_port_mappings(SandboxConfig& config, const Json& container) {
  const Json* ports = find(container, {"ports"});
  if (ports == nullptr) return;
  for (const Json& port : *ports) {
    const std::int64_t host_port = integer_at(port, {"hostPort"});
    if (host_port == 0) continue;
    SandboxConfig::PortMapping mapping;
    mapping.protocol = string_at(port, {"protocol"}, "TCP");
    mapping.container_port = static_cast<std::uint16_t>(integer_at(port, {"containerPort"}));
    mapping.host_port = static_cast<std::uint16_t>(host_port);
    mapping.host_ip = string_at(port, {"hostIP"});
    config.port_mappings.push_back(std::move(mapping));
  }
}

}  // namespace

std::string pod_hostname(const Json& pod) {
  std::string hostname = string_at(pod, {"spec", "hostname"});
  if (hostname.empty()) hostname = api::key_of(pod).name;
  if (hostname.size() > kMaxHostname) {
    hostname.resize(kMaxHostname);
    hostname.erase(hostname.find_last_not_of("-.") + 1);
  }
  return hostname;
}

SandboxConfig make_sandbox_config(const Json& pod, std::uint32_t attempt, std::int64_t max_pids) {
  SandboxConfig config;
  const api::NamespacedName key = api::key_of(pod);
  config.key = SandboxKey{api::uid_of(pod), key.namespace_, key.name, attempt};
  config.hostname = pod_hostname(pod);
  config.cgroup = make_pod_cgroup(pod, max_pids);
  config.host_network = bool_at(pod, {"spec", "hostNetwork"});
  config.host_pid = bool_at(pod, {"spec", "hostPID"});
  config.host_ipc = bool_at(pod, {"spec", "hostIPC"});
  config.share_process_namespace = bool_at(pod, {"spec", "shareProcessNamespace"});
  if (const Json* sysctls = find(pod, {"spec", "securityContext", "sysctls"})) {
    for (const Json& sysctl : *sysctls) config.sysctls[string_at(sysctl, {"name"})] = string_at(sysctl, {"value"});
  }
  if (!config.host_network) {
    for (const Json& container : containers_of(pod)) add_port_mappings(config, container);
  }
  return config;
}

}  // namespace skiff::nodeagent
