#pragma once

#include "api/base/fd.h"
#include "api/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// A container's log on the disk: the file that its supervisor writes, and those that were set aside before it:
//
//   main_0.log.6  main_0.log.7  main_0.log
//
// Numbers only grow, and a file keeps its number for as long as it exists. Nothing is compressed: who reads the log
// reads all of it. All functions here block.
namespace skiff::nodeagent {

struct LogFile {
  std::string path;
  std::uint64_t inode = 0;

  friend bool operator==(const LogFile&, const LogFile&) = default;
};

// The oldest first; the one that is written comes last, unless it has just been set aside.
[[nodiscard]] std::vector<LogFile> list_log_files(const std::string& path);

// Gives the file that is written a number, and removes the oldest, so that there are at most `max_files` (2 and more)
// together with the one that comes next. The supervisor goes on writing to it until it opens its log again.
[[nodiscard]] Result<void> set_log_aside(const std::string& path, int max_files);

// All that list_log_files() lists.
void remove_log_files(const std::string& path);

// Reads a log as one sequence of bytes, whatever becomes of its files meanwhile: nothing is left out or read twice, but
// for files that are removed before they were reached.
class LogReader {
 public:
  // `tail_lines`: only so many lines of what there is at the first read().
  explicit LogReader(std::string path, std::optional<std::int64_t> tail_lines = std::nullopt)
      : path_(std::move(path)), tail_lines_(tail_lines) {}

  // The next block. "" when there is nothing more yet: the log may grow, or even come into being.
  [[nodiscard]] Result<std::string> read();

 private:
  // False when there is no log.
  [[nodiscard]] Result<bool> open_first();
  [[nodiscard]] Result<void> find_beginning(const std::vector<LogFile>& files);
  // Whether nobody writes to the present file any more.
  [[nodiscard]] bool is_superseded() const;
  [[nodiscard]] Result<void> open_next();
  [[nodiscard]] Result<void> open(const LogFile& file);

  const std::string path_;
  const std::optional<std::int64_t> tail_lines_;
  UniqueFd file_;
  std::uint64_t inode_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace skiff::nodeagent
