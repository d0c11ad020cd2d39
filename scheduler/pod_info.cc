#include "scheduler/pod_info.h"

#include "api/views/meta.h"

#include <utility>

namespace skiff::scheduler {

namespace {

constexpr const char* kEveryAddress = "0.0.0.0";

std::vector<HostPort> host_ports_of(const Json& pod) {
  std::vector<HostPort> host_ports;
  const Json* containers = find(pod, {"spec", "containers"});
  if (containers == nullptr || !containers->is_array()) return host_ports;
  for (const Json& container : *containers) {
    const Json* ports = find(container, {"ports"});
    if (ports == nullptr || !ports->is_array()) continue;
    for (const Json& port : *ports) {
      const std::int64_t number = integer_at(port, {"hostPort"});
      if (number <= 0) continue;
      HostPort host_port{string_at(port, {"hostIP"}, kEveryAddress), string_at(port, {"protocol"}, "TCP"), number};
      if (host_port.ip.empty()) host_port.ip = kEveryAddress;
      host_ports.push_back(std::move(host_port));
    }
  }
  return host_ports;
}

}  // namespace

bool HostPort::conflicts_with(const HostPort& other) const {
  if (port != other.port || protocol != other.protocol) return false;
  return ip == other.ip || ip == kEveryAddress || other.ip == kEveryAddress;
}

PodInfo::PodInfo(api::ObjectPtr pod)
    : object(std::move(pod)),
      name(api::key_of(*object)),
      uid(api::uid_of(*object)),
      node_name(string_at(*object, {"spec", "nodeName"})),
      priority(integer_at(*object, {"spec", "priority"})),
      requests(pod_requests(*object)),
      scoring_requests(pod_requests_for_scoring(*object)),
      host_ports(host_ports_of(*object)),
      tolerations(api::tolerations_of(*object)),
      required_nodes(api::RequiredNodes::of_pod(*object)),
      preferred_nodes(api::preferred_nodes_of_pod(*object)) {}

bool PodInfo::tolerates(const api::Taint& taint) const { return api::tolerates(tolerations, taint); }

}  // namespace skiff::scheduler
