#pragma once

#include "api/base/result.h"

#include <string>
#include <vector>

// What this machine is and allows, found out once at start.
namespace skiff::nodeagent::oci {

// Where cgroups are. In hybrid mode (v1 hierarchies beside a v2 one) containers use v1.
struct CgroupHost {
  bool unified = false;  // pure v2
  bool hybrid = false;
  bool swap_limits = false;              // the kernel counts swap per cgroup
  std::vector<std::string> hierarchies;  // mount points: one with v2, one per controller with v1
};

[[nodiscard]] CgroupHost find_cgroups();

// Kills all processes in the cgroup and waits (bounded) until they are gone.
void kill_cgroup(const CgroupHost& host, const std::string& cgroup);
// Removes a cgroup whose processes have ended, with those below it, from all hierarchies. Waits (bounded) while the
// kernel still takes it apart. A missing one is success.
[[nodiscard]] Result<void> remove_cgroup(const CgroupHost& host, const std::string& cgroup);
// Removes a cgroup wherever it is empty, and leaves it alone where it is not.
void remove_cgroup_if_empty(const CgroupHost& host, const std::string& cgroup);
// The same for it and everything below.
void remove_empty_cgroups(const CgroupHost& host, const std::string& cgroup);

// What the agent itself may do; it can give no container more.
struct HostLimits {
  std::vector<std::string> capabilities;  // "CAP_CHOWN", in the kernel's order
  int minimum_oom_score_adj = -1000;
};

[[nodiscard]] Result<HostLimits> find_limits();

}  // namespace skiff::nodeagent::oci
