#include "test/bench/figures.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

namespace skiff::bench {

double milliseconds(Seconds time) { return time.count() * 1000; }

double percentile(std::vector<Seconds>& latencies, double part) {
  std::sort(latencies.begin(), latencies.end());
  const auto rank = static_cast<std::size_t>(part * static_cast<double>(latencies.size()));
  return milliseconds(latencies.at(std::min(rank, latencies.size() - 1)));
}

Seconds own_cpu() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Seconds cpu_of(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string command;
  std::getline(stat, command, ')');
  const std::vector<std::string> fields{std::istream_iterator<std::string>(stat), {}};
  // utime and stime, proc(5).
  return Seconds((std::stod(fields.at(11)) + std::stod(fields.at(12))) / static_cast<double>(sysconf(_SC_CLK_TCK)));
}

double memory_mib(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

}  // namespace skiff::bench
