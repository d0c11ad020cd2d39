#include "nodeagent/pressure/node_figures.h"

#include "api/base/files.h"
#include "nodeagent/disk_space.h"
#include "nodeagent/number_file.h"
#include "nodeagent/usage/host_usage.h"

#include <algorithm>
#include <charconv>

namespace skiff::nodeagent {

namespace {

// The fourth word of /proc/loadavg is "RUNNING/ALL", in tasks.
std::int64_t count_tasks(const std::string& proc) {
  std::int64_t tasks = 0;
  const auto text = read_file(proc + "/loadavg");
  const std::size_t slash = text ? text->find('/') : std::string::npos;
  if (slash != std::string::npos) std::from_chars(text->data() + slash + 1, text->data() + text->size(), tasks);
  return tasks;
}

void add_disk(NodeFigures& figures, const std::string& directory, EvictionSignal bytes, EvictionSignal inodes) {
  const auto disk = measure_disk_space(directory);
  if (!disk) return;
  figures[bytes] = {static_cast<std::int64_t>(disk->available_bytes), static_cast<std::int64_t>(disk->capacity_bytes)};
  // Some file systems make them as they need them.
  if (disk->capacity_inodes == 0) return;
  figures[inodes] = {static_cast<std::int64_t>(disk->free_inodes), static_cast<std::int64_t>(disk->capacity_inodes)};
}

}  // namespace

NodeFigures read_node_figures(const std::string& pods_directory, const std::string& images_directory,
                              const std::string& proc) {
  NodeFigures figures;
  const HostMemory memory = read_host_memory(proc);
  if (memory.capacity_bytes > 0) {
    figures[EvictionSignal::kMemoryAvailable] = {memory.capacity_bytes - memory.used_bytes, memory.capacity_bytes};
  }
  add_disk(figures, pods_directory, EvictionSignal::kNodeFsAvailable, EvictionSignal::kNodeFsInodesFree);
  add_disk(figures, images_directory, EvictionSignal::kImageFsAvailable, EvictionSignal::kImageFsInodesFree);
  const std::int64_t most_tasks = std::min(read_number_file(proc + "/sys/kernel/pid_max").value_or(0),
                                           read_number_file(proc + "/sys/kernel/threads-max").value_or(0));
  const std::int64_t tasks = count_tasks(proc);
  if (most_tasks > 0 && tasks > 0) figures[EvictionSignal::kPidAvailable] = {most_tasks - tasks, most_tasks};
  return figures;
}

}  // namespace skiff::nodeagent
