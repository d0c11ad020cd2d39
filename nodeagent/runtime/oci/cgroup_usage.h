#pragma once

#include "nodeagent/runtime/oci/host.h"

#include <cstdint>
#include <optional>
#include <string>

namespace skiff::nodeagent::oci {

// What the processes of a cgroup have used.
struct CgroupUsage {
  std::int64_t cpu_nanoseconds = 0;  // since it was made
  std::int64_t memory_bytes = 0;     // the working set: without file pages that were not used lately
  std::int64_t processes = 0;        // 0 where the kernel does not count them
};

// From the files of cgroup v1 or v2. Nothing when the cgroup is gone. Blocks.
[[nodiscard]] std::optional<CgroupUsage> read_cgroup_usage(const CgroupHost& host, const std::string& cgroup);

// How many processes of a cgroup the kernel has killed for want of memory. Nothing when the cgroup is gone, or the
// kernel does not count (before 4.13). Blocks.
[[nodiscard]] std::optional<std::int64_t> read_oom_kills(const CgroupHost& host, const std::string& cgroup);

}  // namespace skiff::nodeagent::oci
