#pragma once

#include "api/base/task.h"
#include "nodeagent/runtime/oci/options.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace skiff::nodeagent::oci {

// Keeps the logs of running containers within their limits.
//
// Operation: a log is watched for one change, looked at a moment later, and watched again: a container that says
// nothing costs nothing, one that says much a look per second. A log that has grown too long is set aside
// (streaming/log_files.h), and its supervisor told to open it again; until it does, it writes to the old file, so that
// no line is lost. What an agent left half done, the next one finishes when it follows the container.
// Concurrency: on the executor given, which has one thread; files are looked at on the pool.
class LogRotator {
 public:
  // Tells a container's supervisor to make its log's file anew. Called on the pool.
  using Reopen = std::function<void(const std::string& container_id)>;

  LogRotator(asio::any_io_executor executor, asio::thread_pool& pool, LogLimits limits, Reopen reopen,
             std::chrono::milliseconds delay = std::chrono::seconds(1));

  // The container runs and writes its log there.
  void follow(const std::string& container_id, const std::string& log_path);
  // It has ended.
  void forget(const std::string& container_id);
  // Follows nothing any more. Once.
  Task<void> stop();

 private:
  struct Log {
    std::string path;
    int watch = -1;  // waits for a change
  };
  // A log that may have grown.
  struct Due {
    std::string container_id;
    std::string path;
  };

  Task<void> run();
  [[nodiscard]] std::vector<Due> due_logs() const;
  // Those that cannot be watched stay due.
  void watch(const std::vector<Due>& looked_at);
  void wake_on_change();
  void take_changes();
  // On the pool.
  void look_at(const Due& log) const;

  asio::thread_pool& pool_;
  const LogLimits limits_;
  const Reopen reopen_;
  const std::chrono::milliseconds delay_;
  std::map<std::string, Log> logs_;  // by container id
  asio::posix::stream_descriptor changes_;
  Signal something_due_;
  Signal stop_;
  TaskGroup tasks_;
  bool running_ = false;
  bool stopping_ = false;
};

}  // namespace skiff::nodeagent::oci
