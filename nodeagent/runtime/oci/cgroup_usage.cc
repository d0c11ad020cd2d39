#include "nodeagent/runtime/oci/cgroup_usage.h"

#include "api/base/files.h"
#include "nodeagent/number_file.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace skiff::nodeagent::oci {

namespace {

constexpr std::int64_t kNanosecondsPerMicrosecond = 1000;

std::optional<std::int64_t> parse_figure(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

// Of a file of lines "name number".
std::optional<std::int64_t> field_in(const std::string& path, std::string_view name) {
  const auto text = read_file(path);
  if (!text) return std::nullopt;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ' ') {
      return parse_figure(line.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

// How the two versions call the same.
struct UsageFiles {
  const char* memory;
  const char* inactive;  // in memory.stat
};
constexpr UsageFiles kVersion1{"/memory.usage_in_bytes", "total_inactive_file"};
constexpr UsageFiles kVersion2{"/memory.current", "inactive_file"};

std::optional<std::int64_t> working_set(const std::string& directory, const UsageFiles& files) {
  const auto memory = read_number_file(directory + files.memory);
  if (!memory) return std::nullopt;
  const auto inactive = field_in(directory + "/memory.stat", files.inactive);
  return std::max<std::int64_t>(*memory - inactive.value_or(0), 0);
}

std::optional<std::int64_t> used_nanoseconds(const std::string& directory, bool unified) {
  if (!unified) return read_number_file(directory + "/cpuacct.usage");
  const auto microseconds = field_in(directory + "/cpu.stat", "usage_usec");
  return microseconds ? std::optional(*microseconds * kNanosecondsPerMicrosecond) : std::nullopt;
}

}  // namespace

std::optional<CgroupUsage> read_cgroup_usage(const CgroupHost& host, const std::string& cgroup) {
  // With v1, each controller has a hierarchy of its own, and only one of them has the file.
  std::optional<std::int64_t> cpu;
  std::optional<std::int64_t> memory;
  std::optional<std::int64_t> processes;
  for (const std::string& hierarchy : host.hierarchies) {
    const std::string directory = hierarchy + cgroup;
    if (!cpu) cpu = used_nanoseconds(directory, host.unified);
    if (!memory) memory = working_set(directory, host.unified ? kVersion2 : kVersion1);
    if (!processes) processes = read_number_file(directory + "/pids.current");
  }
  if (!cpu || !memory) return std::nullopt;
  return CgroupUsage{*cpu, *memory, processes.value_or(0)};
}

std::optional<std::int64_t> read_oom_kills(const CgroupHost& host, const std::string& cgroup) {
  const char* file = host.unified ? "/memory.events" : "/memory.oom_control";
  for (const std::string& hierarchy : host.hierarchies) {
    if (const auto kills = field_in(hierarchy + cgroup + file, "oom_kill")) return kills;
  }
  return std::nullopt;
}

}  // namespace skiff::nodeagent::oci
