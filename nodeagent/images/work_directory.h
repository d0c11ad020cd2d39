#pragma once

#include "api/base/fd.h"
#include "api/base/result.h"

#include <stop_token>
#include <string>

namespace skiff::nodeagent {

// A place for the files of one operation of an image store, gone when the operation is over; and whether that is still
// wanted. What died with its process is removed by sweep_dead(). Blocks.
class WorkDirectory {
 public:
  // Below <store>/work.
  [[nodiscard]] static Result<WorkDirectory> make(const std::string& store, std::stop_token stop = {});
  // Removes those of operations whose processes are no more.
  static void sweep_dead(const std::string& store);

  WorkDirectory(WorkDirectory&& other) noexcept;
  WorkDirectory& operator=(WorkDirectory&&) = delete;
  ~WorkDirectory();

  [[nodiscard]] const std::stop_token& stop() const { return stop_; }
  // A path in it, where nothing need be yet.
  [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] Result<std::string> subdirectory(const std::string& name) const;

 private:
  WorkDirectory(std::string path, UniqueFd lock, std::stop_token stop)
      : path_(std::move(path)), lock_(std::move(lock)), stop_(std::move(stop)) {}

  std::string path_;
  UniqueFd lock_;  // tells others that the operation goes on
  std::stop_token stop_;
};

}  // namespace skiff::nodeagent
