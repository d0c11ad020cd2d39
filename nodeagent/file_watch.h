#pragma once

#include "api/base/task.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace skiff::nodeagent {

// Tells when something happens to a file or to what is in a directory.
//
// Concurrency: everything on the executor given. It will not: tell what has happened, or see what appears where nothing
// was when watch() was called: for that it is called again, now and then.
class FileWatch {
 public:
  FileWatch(asio::any_io_executor executor, std::function<void()> changed);
  ~FileWatch() { stop(); }
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Watches what is at `path` now, whatever was there before. Cheap, and safe to repeat.
  void watch(const std::string& path);
  void stop();

 private:
  void wait();
  void drain();

  std::function<void()> changed_;
  asio::posix::stream_descriptor descriptor_;
  bool waiting_ = false;
  std::shared_ptr<bool> stopped_ = std::make_shared<bool>(false);
};

}  // namespace skiff::nodeagent
