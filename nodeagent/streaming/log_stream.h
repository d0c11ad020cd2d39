#pragma once

#include "api/node_service.h"
#include "nodeagent/streaming/log_files.h"
#include "nodeagent/streaming/log_lines.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace skiff::nodeagent {

// Tells a stream that follows a log that its container has ended. Shared between the agent, which says so, and the
// stream. Thread-safe.
class LogEnd {
 public:
  void announce();
  [[nodiscard]] bool announced() const;
  // Called at announce(), at once when that was before.
  void set_listener(std::function<void()> listener);

 private:
  mutable std::mutex mutex_;
  bool announced_ = false;
  std::function<void()> listener_;
};

struct LogStreamOptions {
  std::string path;  // see log_files.h; a missing log is an empty one (it may appear while it is followed)
  LogFormatter::Options format;
  std::optional<std::int64_t> tail_lines;
  bool follow = false;
  std::shared_ptr<LogEnd> end;  // of the container; only with follow
};

// A container's log as a client asked for it.
//
// Operation: its files are read on the pool, in blocks. With follow, the stream then sleeps on inotify until the log
// grows or the container ends; what the container wrote before its end is always delivered.
// Concurrency: as api::ByteStream; everything on the executor of the first next().
class LogStream final : public api::ByteStream {
 public:
  // `pool` must outlive the stream.
  LogStream(asio::thread_pool& pool, LogStreamOptions options);
  ~LogStream() override;

  Task<api::Result<std::optional<std::string>>> next() override;
  void cancel() override;

 private:
  struct Watch;

  asio::thread_pool& pool_;
  LogStreamOptions options_;
  LogFormatter formatter_;
  LogReader reader_;
  std::unique_ptr<Watch> watch_;
  bool cancelled_ = false;
};

}  // namespace skiff::nodeagent
