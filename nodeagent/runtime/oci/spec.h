#pragma once

#include "api/base/json.h"
#include "nodeagent/runtime/oci/host.h"
#include "nodeagent/runtime/oci/layout.h"
#include "nodeagent/runtime/oci/records.h"

#include <string>
#include <vector>

// The OCI runtime's config.json, as pure functions of what the agent asks for. Defaults are containerd's.
namespace skiff::nodeagent::oci {

struct SpecContext {
  const Layout& layout;
  const CgroupHost& cgroups;
  const HostLimits& limits;
};

// The pause container: holds the sandbox's new IPC, UTS and (when shared) PID namespaces; joins its network namespace.
[[nodiscard]] Json pause_spec(const SpecContext& context, const SandboxRecord& sandbox, const std::string& cgroup);

// A container that joins the sandbox's namespaces by the pause process' /proc entries; `target_pid`: and the PID
// namespace of that process, unless it is 0.
[[nodiscard]] Json container_spec(const SpecContext& context, const SandboxRecord& sandbox,
                                  const ContainerRecord& container, const ContainerConfig& config, int target_pid = 0);

// What the process gets of the capabilities: the default set, changed as asked for ("ALL" included), and never more
// than the agent has. All that the agent has when privileged.
[[nodiscard]] std::vector<std::string> effective_capabilities(const HostLimits& limits, const SecurityConfig& security);

}  // namespace skiff::nodeagent::oci
