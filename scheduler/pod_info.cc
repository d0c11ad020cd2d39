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

void append(std::string& text, const Resources& amounts) {
  for (const std::int64_t amount : {amounts.milli_cpu, amounts.memory, amounts.ephemeral_storage}) {
    text += std::to_string(amount) += ' ';
  }
  for (const auto& [name, amount] : amounts.others) {
    text += name;
    text += std::to_string(amount) += ' ';
  }
  text += '\n';
}

// A plugin that looks at anything else of a pod has to add it here.
std::string wishes_of(const PodInfo& pod) {
  std::string text;
  append(text, pod.requests);
  append(text, pod.scoring_requests);
  for (const HostPort& port : pod.host_ports) {
    text += port.ip;
    text += port.protocol;
    text += std::to_string(port.port) += '\n';
  }
  for (const char* member : {"nodeName", "nodeSelector", "affinity", "tolerations", "topologySpreadConstraints"}) {
    const Json* wish = find(*pod.object, {"spec", member});
    if (wish == nullptr) continue;
    text += member;
    text += to_json_text(*wish);
  }
  return text;
}

}  // namespace

bool HostPort::conflicts_with(const HostPort& other) const {
  if (port != other.port || protocol != other.protocol) return false;
  return ip == other.ip || ip == kEveryAddress || other.ip == kEveryAddress;
}

PodInfo::PodInfo(api::ObjectPtr pod)
    : PodUse{pod_requests(*pod), pod_requests_for_scoring(*pod), host_ports_of(*pod), PodTraits::of_pod(*pod),
             api::is_terminating(*pod)},
      object(std::move(pod)),
      name(api::key_of(*object)),
      uid(api::uid_of(*object)),
      node_name(string_at(*object, {"spec", "nodeName"})),
      priority(integer_at(*object, {"spec", "priority"})),
      tolerations(api::tolerations_of(*object)),
      required_nodes(api::RequiredNodes::of_pod(*object)),
      preferred_nodes(api::preferred_nodes_of_pod(*object)),
      wishes(wishes_of(*this)) {}

bool PodInfo::tolerates(const api::Taint& taint) const { return api::tolerates(tolerations, taint); }

}  // namespace skiff::scheduler
