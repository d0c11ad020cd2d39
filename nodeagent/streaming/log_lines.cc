#include "nodeagent/streaming/log_lines.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace skiff::nodeagent {

namespace {

constexpr std::size_t kTailBlock = 64 * 1024;

}  // namespace

std::optional<LogLine> parse_log_line(std::string_view line) {
  const std::size_t after_time = line.find(' ');
  if (after_time == std::string_view::npos) return std::nullopt;
  const std::size_t after_stream = line.find(' ', after_time + 1);
  if (after_stream == std::string_view::npos) return std::nullopt;
  const std::size_t after_tags = std::min(line.find(' ', after_stream + 1), line.size());
  const auto time = parse_time(line.substr(0, after_time));
  if (!time) return std::nullopt;
  // Tags are separated by colons; the first one says whether the line is complete.
  const std::string_view tags = line.substr(after_stream + 1, after_tags - after_stream - 1);
  const std::string_view first = tags.substr(0, tags.find(':'));
  if (first != "F" && first != "P") return std::nullopt;
  return LogLine{*time, first == "P", line.substr(std::min(after_tags + 1, line.size()))};
}

void LogFormatter::add_line(std::string_view line, std::string& output) {
  const auto parsed = parse_log_line(line);
  if (!parsed) return;
  if (options_.since && parsed->time < *options_.since) return;
  if (options_.timestamps && at_line_start_) output += format_nano_time(parsed->time) + " ";
  output += parsed->text;
  if (!parsed->partial) output += '\n';
  at_line_start_ = !parsed->partial;
}

std::string LogFormatter::add(std::string_view bytes) {
  std::string output;
  rest_ += bytes;
  std::size_t begin = 0;
  for (std::size_t end; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    add_line(std::string_view(rest_).substr(begin, end - begin), output);
  }
  rest_.erase(0, begin);
  if (options_.limit_bytes) {
    const auto allowed = static_cast<std::size_t>(std::max<std::int64_t>(*options_.limit_bytes, 0));
    if (output.size() > allowed) output.resize(allowed);
    *options_.limit_bytes -= static_cast<std::int64_t>(output.size());
  }
  return output;
}

Result<std::uint64_t> find_tail(int file, std::int64_t& lines) {
  struct stat found {};
  if (::fstat(file, &found) != 0) return errno_error("look at a log file");
  auto end = static_cast<std::uint64_t>(found.st_size);
  if (lines <= 0) return end;
  // The newline that ends the last line is not one between lines.
  std::int64_t wanted = lines + 1;
  std::string block;
  while (end > 0) {
    const std::uint64_t begin = end > kTailBlock ? end - kTailBlock : 0;
    block.resize(end - begin);
    const ssize_t size = ::pread(file, block.data(), block.size(), static_cast<off_t>(begin));
    if (size < 0) return errno_error("read a log file");
    for (std::size_t i = static_cast<std::size_t>(size); i > 0; --i) {
      if (block[i - 1] != '\n' || --wanted > 0) continue;
      lines = 0;
      return begin + i;
    }
    end = begin;
  }
  lines = wanted - 1;
  return std::uint64_t{0};
}

}  // namespace skiff::nodeagent
