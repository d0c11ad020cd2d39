#pragma once

#include <cstdint>
#include <string>

namespace skiff::nodeagent {

// What a whole machine has of memory.
struct HostMemory {
  std::int64_t capacity_bytes = 0;
  std::int64_t used_bytes = 0;  // without what the kernel would give back first: free and inactive file pages
};

// What a whole machine uses.
struct HostUsage {
  std::int64_t cpu_nanoseconds = 0;  // of all processors, since the machine started
  std::int64_t memory_bytes = 0;
};

// `proc`: where the proc file system is mounted. What cannot be read is 0. Both block.
[[nodiscard]] HostMemory read_host_memory(const std::string& proc = "/proc");
[[nodiscard]] HostUsage read_host_usage(const std::string& proc = "/proc");

}  // namespace skiff::nodeagent
