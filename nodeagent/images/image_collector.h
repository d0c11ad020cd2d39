#pragma once

#include "api/base/clock.h"
#include "api/base/task.h"
#include "nodeagent/file_watch.h"
#include "nodeagent/images/unused_images.h"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace skiff::nodeagent {

// The garbage collection of a node's images: unused ones go when the disk is nearly full, or when they are old. It also
// tells which images there are.
//
// Operation: it looks around when the store changes (also by other processes: `skiff image load`), when told to, and,
// only while there are images that could go, every five minutes, as the disk fills up for other reasons, too. When an
// image was last used is noted in the store, and so outlives the agent.
// Concurrency: everything on the executor given; the store and the disk are looked at on the pool.
// It will not: remove what is in use or pinned, or anything at all before it is known what is in use.
class ImageCollector {
 public:
  static constexpr std::chrono::minutes kPeriod{5};

  struct Options {
    ImageCollectionPolicy policy;
    std::string store_directory;                 // watched for changes; empty: told of them by look()
    std::function<Result<DiskSpace>()> measure;  // the disk that the images are on; blocks
  };
  // What it needs of its owner.
  struct Owner {
    std::function<std::optional<ImageNames>()> images_in_use;  // none: not known yet
    std::function<void(const std::vector<Image>&)> images_seen;
    std::function<void(std::string reason, std::string message)> warn;
  };

  // `images`, `clock` and `pool` outlive it.
  ImageCollector(ImageStore& images, const Clock& clock, asio::any_io_executor executor, asio::thread_pool& pool,
                 Options options, Owner owner);

  // Returns when the images have been seen once.
  Task<void> start();
  Task<void> stop();
  // What is in use may have changed, or is known now.
  void look() { wake_.notify(); }

  // Removes all images that may go but for those that have only come, whatever the policy says of the disk; the size in
  // bytes. For whoever needs room before all else. Errors: the images cannot be listed, or what is in use is not known.
  Task<Result<std::uint64_t>> remove_unused();

 private:
  struct Freed {
    std::uint64_t bytes = 0;
    std::vector<std::string> errors;
  };
  struct Failure {
    std::string reason;  // of the event that tells it at once; "" = none does
    std::string message;
  };

  Task<void> run();
  Task<void> look_around();
  Task<Result<std::vector<Image>>> list();
  // Notes whose use began or ended since the last time, in `images` as well.
  Task<void> note_use(std::vector<Image>& images, ImageNames names);
  // Removes what is too old and, when the disk is too full, as much as that takes.
  Task<std::optional<Failure>> collect(std::vector<Image> unused);
  // One after the other until that much is free.
  Task<Freed> remove(std::vector<Image> unused, std::uint64_t wanted_bytes);
  // Warns at most once in kPeriod, however often it looks around; and as upstream once more of what fails repeatedly.
  void tell(const std::optional<Failure>& failure);

  ImageStore& images_;
  const Clock& clock_;
  asio::thread_pool& pool_;
  const Options options_;
  const Owner owner_;
  Signal wake_;
  TaskGroup tasks_;
  FileWatch watch_;
  std::set<std::string> ids_in_use_;
  bool come_back_ = false;  // time alone may give us something to do
  bool failed_before_ = false;
  TimePoint told_at_;  // that it failed
  bool stopping_ = false;
};

}  // namespace skiff::nodeagent
