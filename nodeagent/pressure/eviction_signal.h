#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace skiff::nodeagent {

// What a node can run low on. The file system of pods (volumes, logs) is nodefs, that of images and of what containers
// write into them is imagefs. In the order in which upstream sees to them: memory first.
enum class EvictionSignal {
  kMemoryAvailable,
  kNodeFsAvailable,
  kNodeFsInodesFree,
  kImageFsAvailable,
  kImageFsInodesFree,
  kPidAvailable
};

// As `--eviction-hard` calls it: "memory.available".
[[nodiscard]] std::string_view name_of(EvictionSignal signal);
[[nodiscard]] std::optional<EvictionSignal> find_eviction_signal(std::string_view name);
// As events and messages call what is short then: "memory", "ephemeral-storage", "inodes", "pids".
[[nodiscard]] std::string_view resource_of(EvictionSignal signal);
// "MemoryPressure", "DiskPressure", "PIDPressure".
[[nodiscard]] std::string_view condition_of(EvictionSignal signal);
[[nodiscard]] bool is_disk_signal(EvictionSignal signal);

// How much there is of something on the node: bytes, inodes or processes.
struct NodeAmount {
  std::int64_t available = 0;
  std::int64_t capacity = 0;
};
// What could be measured.
using NodeFigures = std::map<EvictionSignal, NodeAmount>;

}  // namespace skiff::nodeagent
