#include "nodeagent/pressure/eviction_signal.h"

#include <cstddef>

namespace skiff::nodeagent {

namespace {

struct SignalWords {
  std::string_view name, resource, condition;
};

// In the order of EvictionSignal.
constexpr std::array<SignalWords, 6> kSignalWords{{
    {"memory.available", "memory", "MemoryPressure"},
    {"nodefs.available", "ephemeral-storage", "DiskPressure"},
    {"nodefs.inodesFree", "inodes", "DiskPressure"},
    {"imagefs.available", "ephemeral-storage", "DiskPressure"},
    {"imagefs.inodesFree", "inodes", "DiskPressure"},
    {"pid.available", "pids", "PIDPressure"},
}};

const SignalWords& words_of(EvictionSignal signal) { return kSignalWords.at(static_cast<std::size_t>(signal)); }

}  // namespace

std::string_view name_of(EvictionSignal signal) { return words_of(signal).name; }
std::string_view resource_of(EvictionSignal signal) { return words_of(signal).resource; }
std::string_view condition_of(EvictionSignal signal) { return words_of(signal).condition; }
bool is_disk_signal(EvictionSignal signal) { return condition_of(signal) == "DiskPressure"; }

std::optional<EvictionSignal> find_eviction_signal(std::string_view name) {
  for (std::size_t number = 0; number < kSignalWords.size(); ++number) {
    if (kSignalWords.at(number).name == name) return static_cast<EvictionSignal>(number);
  }
  return std::nullopt;
}

}  // namespace skiff::nodeagent
