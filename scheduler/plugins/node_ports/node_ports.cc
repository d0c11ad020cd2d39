#include "scheduler/plugins/node_ports/node_ports.h"

namespace skiff::scheduler {

bool wants_host_ports(const PodInfo& pod) { return !pod.host_ports.empty(); }

Verdict fits_node_ports(const PodInfo& pod, const NodeInfo& node) {
  for (const HostPort& wanted : pod.host_ports) {
    for (const HostPort& used : node.used_ports()) {
      if (wanted.conflicts_with(used)) {
        return Verdict::no({"node(s) didn't have free ports for the requested pod ports"});
      }
    }
  }
  return Verdict::yes();
}

}  // namespace skiff::scheduler
