#pragma once

#include "api/base/fd.h"
#include "nodeagent/network/netlink.h"

#include <string>

namespace skiff::nodeagent {

// A network namespace, with a route socket that lives in it.
struct NetworkNamespace {
  UniqueFd fd;
  NetlinkSocket socket;
};

// Makes a new namespace, with "lo" up, and keeps it alive by a bind mount on the file `path` (made here). The calling
// thread stays where it is.
[[nodiscard]] Result<NetworkNamespace> create_network_namespace(const std::string& path);

// Lets go of the pinned namespace; the kernel takes it down (soon, not now) when no process is in it. Idempotent.
[[nodiscard]] Result<void> remove_network_namespace(const std::string& path);

}  // namespace skiff::nodeagent
