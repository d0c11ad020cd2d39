#pragma once

#include "api/base/result.h"

#include <cstdint>
#include <string>

namespace skiff::nodeagent {

// Of a file system. What is kept for root does not count as available.
struct DiskSpace {
  std::uint64_t capacity_bytes = 0;
  std::uint64_t available_bytes = 0;
  std::uint64_t capacity_inodes = 0;  // 0: there are as many as it needs
  std::uint64_t free_inodes = 0;
};

// Of the file system that the directory (absolute) lies on, or will once it is made.
[[nodiscard]] Result<DiskSpace> measure_disk_space(const std::string& directory);

}  // namespace skiff::nodeagent
