#include "server/metrics/readings.h"

#include "api/base/readings.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace skiff::server {
namespace {

// The fields of proc(5)'s /proc/PID/stat behind the command, which may contain anything; the first is the state.
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::istringstream behind_command(text.substr(text.rfind(')') + 1));
  return {std::istream_iterator<std::string>(behind_command), {}};
}

double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

double open_descriptors() {
  std::error_code ignored;
  const std::filesystem::directory_iterator all("/proc/self/fd", ignored);
  return static_cast<double>(std::distance(begin(all), end(all)));
}

}  // namespace

prometheus::MetricFamily storage_size_reading(const std::string& database) {
  double bytes = 0;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code missing;
    const std::uintmax_t size = std::filesystem::file_size(database + suffix, missing);
    if (!missing) bytes += static_cast<double>(size);
  }
  return readings("apiserver_storage_size_bytes", "[STABLE] Size of the database on the disk, in bytes.",
                  "storage_cluster_id", {{"sqlite", bytes}});
}

std::vector<prometheus::MetricFamily> process_readings() {
  using prometheus::MetricType;
  // Counted from the state, the third field of stat.
  constexpr std::size_t kUserTime = 11;
  constexpr std::size_t kSystemTime = 12;
  constexpr std::size_t kStartTime = 19;
  constexpr std::size_t kVirtualBytes = 20;
  constexpr std::size_t kResidentPages = 21;
  const std::vector<std::string> stat = stat_fields();
  if (stat.size() <= kResidentPages) return {};
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto seconds = [&](std::size_t field) { return std::stod(stat[field]) / ticks_per_second; };
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  return {reading("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", MetricType::Counter,
                  seconds(kUserTime) + seconds(kSystemTime)),
          reading("process_max_fds", "Maximum number of open file descriptors.", MetricType::Gauge,
                  static_cast<double>(descriptors.rlim_cur)),
          reading("process_open_fds", "Number of open file descriptors.", MetricType::Gauge, open_descriptors()),
          reading("process_resident_memory_bytes", "Resident memory size in bytes.", MetricType::Gauge,
                  std::stod(stat[kResidentPages]) * static_cast<double>(sysconf(_SC_PAGESIZE))),
          reading("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
                  MetricType::Gauge, boot_time() + seconds(kStartTime)),
          reading("process_virtual_memory_bytes", "Virtual memory size in bytes.", MetricType::Gauge,
                  std::stod(stat[kVirtualBytes]))};
}

}  // namespace skiff::server
