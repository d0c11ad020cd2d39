#include "nodeagent/streaming/log_files.h"

#include "api/base/files.h"
#include "nodeagent/streaming/log_lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace skiff::nodeagent {

namespace {

constexpr std::size_t kLogBlock = 64 * 1024;
// A log is set aside at most once in a second; who looks twice as often sees it standing still.
constexpr int kLookAttempts = 8;

// The numbers of the files that were set aside, in order.
std::vector<std::uint64_t> log_numbers(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string prefix = path.substr(slash + 1) + ".";
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : list_directory(path.substr(0, slash))) {
    if (!name.starts_with(prefix)) continue;
    std::uint64_t number = 0;
    const char* end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, number);
    if (error == std::errc() && rest == end) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::string numbered(const std::string& path, std::uint64_t number) { return path + "." + std::to_string(number); }

std::uint64_t inode_of(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

}  // namespace

std::vector<LogFile> list_log_files(const std::string& path) {
  std::vector<LogFile> files;
  for (const std::uint64_t number : log_numbers(path)) files.push_back({numbered(path, number), 0});
  files.push_back({path, 0});
  for (LogFile& file : files) file.inode = inode_of(file.path);
  std::erase_if(files, [](const LogFile& file) { return file.inode == 0; });
  return files;
}

Result<void> set_log_aside(const std::string& path, int max_files) {
  const std::vector<std::uint64_t> numbers = log_numbers(path);
  const std::uint64_t next = numbers.empty() ? 1 : numbers.back() + 1;
  if (std::rename(path.c_str(), numbered(path, next).c_str()) != 0) return errno_error("set aside " + path);
  // This one and the next are there besides.
  const std::size_t kept = static_cast<std::size_t>(max_files) - 2;
  for (std::size_t i = 0; i + kept < numbers.size(); ++i) {
    const std::string oldest = numbered(path, numbers[i]);
    if (::unlink(oldest.c_str()) != 0 && errno != ENOENT) return errno_error("remove " + oldest);
  }
  return {};
}

void remove_log_files(const std::string& path) {
  for (const LogFile& file : list_log_files(path)) ::unlink(file.path.c_str());
}

Result<void> LogReader::open(const LogFile& file) {
  UniqueFd opened(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat found {};
  if (!opened || ::fstat(opened.get(), &found) != 0) return errno_error("open " + file.path);
  file_ = std::move(opened);
  inode_ = found.st_ino;
  offset_ = 0;
  return {};
}

// Where the last lines begin, in whichever file that is.
Result<void> LogReader::find_beginning(const std::vector<LogFile>& files) {
  std::int64_t lines = *tail_lines_;
  for (std::size_t i = files.size(); i > 0; --i) {
    if (auto opened = open(files[i - 1]); !opened) return opened;
    const auto begin = find_tail(file_.get(), lines);
    if (!begin) return begin.error();
    offset_ = *begin;
    if (lines <= 0) break;
  }
  return {};
}

Result<bool> LogReader::open_first() {
  Result<void> opened;
  for (int attempt = 0; attempt < kLookAttempts; ++attempt) {
    const std::vector<LogFile> files = list_log_files(path_);
    if (files.empty()) return false;
    opened = tail_lines_ ? find_beginning(files) : open(files.front());
    // When the files are still the same, they were so while we looked.
    if (list_log_files(path_) == files) break;
    opened = Error{ErrorCode::kUnavailable, path_ + " changes too fast"};
  }
  if (!opened) {
    file_.reset();
    return opened.error();
  }
  return true;
}

bool LogReader::is_superseded() const {
  if (inode_of(path_) == inode_) return false;
  const std::vector<LogFile> files = list_log_files(path_);
  return !files.empty() && files.back().inode != inode_;
}

Result<void> LogReader::open_next() {
  const std::uint64_t present = inode_;
  Result<void> opened;
  for (int attempt = 0; attempt < kLookAttempts; ++attempt) {
    const std::vector<LogFile> files = list_log_files(path_);
    auto next = std::find_if(files.begin(), files.end(), [&](const LogFile& file) { return file.inode == present; });
    // When ours has been removed, the oldest that is left follows it.
    next = next == files.end() ? files.begin() : next + 1;
    if (next == files.end()) return {};
    opened = open(*next);
    if (opened && list_log_files(path_) == files) break;
    opened = Error{ErrorCode::kUnavailable, path_ + " changes too fast"};
  }
  return opened;
}

Result<std::string> LogReader::read() {
  if (!file_) {
    const auto found = open_first();
    if (!found) return found.error();
    if (!*found) return std::string();
  }
  for (;;) {
    // Asked before reading: what was written before the next file began is then certainly read.
    const bool superseded = is_superseded();
    std::string block(kLogBlock, '\0');
    const ssize_t size = ::pread(file_.get(), block.data(), block.size(), static_cast<off_t>(offset_));
    if (size < 0) return errno_error("read " + path_);
    block.resize(static_cast<std::size_t>(size));
    offset_ += block.size();
    if (!block.empty() || !superseded) return block;
    if (auto opened = open_next(); !opened) return opened.error();
  }
}

}  // namespace skiff::nodeagent
