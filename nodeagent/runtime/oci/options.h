#pragma once

#include "nodeagent/network/pod_network.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <string>
#include <vector>

namespace skiff::nodeagent {

struct OciOptions {
  // Absolute; everything that outlives the agent is below it, apart from cgroups and interfaces.
  std::string data_directory;
  std::string cgroup_root = "skiff";                     // top-level cgroup, shared with other skiffs
  std::vector<std::string> runtimes = {"crun", "runc"};  // the first that is installed is used
  NetworkOptions network;                                // its data_directory is taken from here
  boost::asio::any_io_executor executor;                 // the agent's
  boost::asio::thread_pool* pool = nullptr;              // for blocking work; outlives the runtime
};

}  // namespace skiff::nodeagent
