#pragma once

#include <cstdint>

namespace skiff::nodeagent {

// What a node offers to pods (capacity and allocatable are the same: nothing is reserved).
struct NodeCapacity {
  std::int64_t cpu_milli = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t ephemeral_storage_bytes = 0;
  std::int64_t pods = 110;
};

}  // namespace skiff::nodeagent
