#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "nodeagent/host_facts.h"
#include "nodeagent/images/image.h"
#include "nodeagent/node_presence.h"
#include "nodeagent/pressure/node_pressure.h"

#include <map>
#include <string>
#include <vector>

namespace skiff::nodeagent {

// What a Node object is made from.
struct NodeDescription {
  std::string name;
  std::string internal_ip;
  std::string pod_cidr;                       // "" = none
  std::string kubelet_version;                // "v1.32.0"
  std::string container_runtime;              // "skiff://0.1.0"
  std::map<std::string, std::string> labels;  // beside the well-known ones
  NodePresence presence;
  HostFacts host;
  Json images = Json::array();  // list_images()
  NodePressure pressure;
  bool announced = true;  // its start is told in events
};

// status.images: the 50 largest, each with up to five names.
[[nodiscard]] Json list_images(std::vector<Image> images);

// The Node (v1.Node) that the agent registers. Pure.
[[nodiscard]] Json make_node(const NodeDescription& description, TimePoint now);

// Brings `node`, as it is in the API, in line with `wanted` from make_node(), keeping what others said (labels, taints,
// their conditions, when a condition changed). True when anything differs, for the object and for its status.
struct NodeChanges {
  bool object = false;
  bool status = false;
};
NodeChanges update_node(Json& node, const Json& wanted, TimePoint now);

}  // namespace skiff::nodeagent
