#pragma once

#include "api/base/fd.h"
#include "api/base/result.h"
#include "api/base/task.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace skiff::nodeagent {

// No manifest is longer.
inline constexpr std::size_t kMaxManifest = 10 << 20;

struct ManifestFile {
  std::string path;
  Result<std::string> text;  // the error says why it cannot be read
};

// The manifests at `path`: the file itself, or the files of the directory, but for directories and those whose names
// begin with a dot. Sorted by name; none where nothing is. The error: what is there cannot be told now. Blocks.
[[nodiscard]] Result<std::vector<ManifestFile>> read_manifest_files(const std::string& path);

// Tells when something happens to a file or to what is in a directory.
//
// Concurrency: everything on the executor given. It will not: tell what has happened, or see what appears where nothing
// was when watch() was called: for that it is called again, now and then.
class ManifestWatch {
 public:
  ManifestWatch(asio::any_io_executor executor, std::function<void()> changed);
  ~ManifestWatch() { stop(); }
  ManifestWatch(const ManifestWatch&) = delete;
  ManifestWatch& operator=(const ManifestWatch&) = delete;

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
