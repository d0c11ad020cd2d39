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
};

// From the files of cgroup v1 or v2. Nothing when the cgroup is gone. Blocks.
[[nodiscard]] std::optional<CgroupUsage> read_cgroup_usage(const CgroupHost& host, const std::string& cgroup);

}  // namespace skiff::nodeagent::oci
