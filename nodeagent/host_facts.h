#pragma once

#include "nodeagent/pods/node_capacity.h"

#include <string>

namespace skiff::nodeagent {

// What the machine says about itself: node.status.nodeInfo and capacity.
struct HostFacts {
  std::string os_image;        // "Debian GNU/Linux 12 (bookworm)"
  std::string kernel_version;  // "6.18.44"
  std::string architecture;    // Go's name: "amd64", "arm64"
  std::string boot_id;
  std::string machine_id;
  std::string system_uuid;
  NodeCapacity capacity;
};

// Reads /proc, /sys and /etc; what cannot be read stays empty. `data_directory` (absolute) is where pods' files lie
// (ephemeral storage); it need not exist yet.
[[nodiscard]] HostFacts read_host_facts(const std::string& data_directory);

}  // namespace skiff::nodeagent
