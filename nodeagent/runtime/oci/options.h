#pragma once

#include "nodeagent/network/pod_network.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace skiff::nodeagent {

// Of each container's log on the disk.
struct LogLimits {
  std::int64_t max_bytes = std::int64_t{10} << 20;  // of a file; it may grow by what is written in a second. < 0: any
  int max_files = 5;                                // 2 and more, the one that is written among them
};

struct OciOptions {
  // Absolute; everything that outlives the agent is below it, apart from cgroups and interfaces.
  std::string data_directory;
  // Top-level cgroup. No other data directory's containers are below it: clean() removes it with all that it holds.
  std::string cgroup_root = "skiff";
  std::vector<std::string> runtimes = {"crun", "runc"};  // the first that is installed is used
  LogLimits logs;
  NetworkOptions network;                    // its data_directory is taken from here
  boost::asio::any_io_executor executor;     // the agent's
  boost::asio::thread_pool* pool = nullptr;  // for blocking work; outlives the runtime
};

}  // namespace skiff::nodeagent
