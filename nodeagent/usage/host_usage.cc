#include "nodeagent/usage/host_usage.h"

#include "api/base/files.h"

#include <unistd.h>

#include <algorithm>
#include <sstream>

namespace skiff::nodeagent {

namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::int64_t kBytesPerKilobyte = 1024;

// The first line of /proc/stat: what all processors spent their time on, in ticks.
std::int64_t busy_nanoseconds(const std::string& text) {
  std::istringstream words(text);
  std::string label;
  std::int64_t user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupts = 0, soft_interrupts = 0;
  words >> label >> user >> nice >> system >> idle >> waiting >> interrupts >> soft_interrupts;
  const std::int64_t ticks = user + nice + system + interrupts + soft_interrupts;
  return ticks * (kNanosecondsPerSecond / ::sysconf(_SC_CLK_TCK));
}

// A line of /proc/meminfo: "MemFree:  1234 kB".
std::int64_t memory_of(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name + ":")) continue;
    return kBytesPerKilobyte * std::strtoll(line.c_str() + name.size() + 1, nullptr, 10);
  }
  return 0;
}

}  // namespace

HostMemory read_host_memory(const std::string& proc) {
  HostMemory memory;
  if (const auto text = read_file(proc + "/meminfo")) {
    memory.capacity_bytes = memory_of(*text, "MemTotal");
    const std::int64_t spare = memory_of(*text, "MemFree") + memory_of(*text, "Inactive(file)");
    memory.used_bytes = std::max<std::int64_t>(memory.capacity_bytes - spare, 0);
  }
  return memory;
}

HostUsage read_host_usage(const std::string& proc) {
  HostUsage usage;
  if (const auto text = read_file(proc + "/stat")) usage.cpu_nanoseconds = busy_nanoseconds(*text);
  usage.memory_bytes = read_host_memory(proc).used_bytes;
  return usage;
}

}  // namespace skiff::nodeagent
