#pragma once

#include <cstdint>
#include <string>

namespace skiff::nodeagent {

// What a whole machine uses.
struct HostUsage {
  std::int64_t cpu_nanoseconds = 0;  // of all processors, since the machine started
  std::int64_t memory_bytes = 0;     // without what the kernel would give back first: free and inactive file pages
};

// `proc`: where the proc file system is mounted. What cannot be read is 0. Blocks.
[[nodiscard]] HostUsage read_host_usage(const std::string& proc = "/proc");

}  // namespace skiff::nodeagent
