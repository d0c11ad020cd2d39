#pragma once

#include "api/base/clock.h"
#include "api/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace skiff::nodeagent {

// One line of a log file in the CRI's format: `2026-11-22T10:37:17.519158583Z stdout F text`.
struct LogLine {
  TimePoint time;
  bool partial = false;   // tag P: the text goes on in the next line
  std::string_view text;  // without the newline; points into what was parsed
};

// Nothing when it is not such a line. `line` comes without its newline.
[[nodiscard]] std::optional<LogLine> parse_log_line(std::string_view line);

// Turns a log file's bytes, as they come, into what a client sees. Pure.
class LogFormatter {
 public:
  struct Options {
    bool timestamps = false;
    std::optional<TimePoint> since;           // lines before it are left out
    std::optional<std::int64_t> limit_bytes;  // of output
  };
  explicit LogFormatter(Options options) : options_(options) {}

  // The output that these bytes complete. A line that is not complete yet waits for its rest.
  [[nodiscard]] std::string add(std::string_view bytes);
  // True when limit_bytes have been put out.
  [[nodiscard]] bool finished() const { return options_.limit_bytes && *options_.limit_bytes <= 0; }

 private:
  void add_line(std::string_view line, std::string& output);

  Options options_;
  std::string rest_;
  bool at_line_start_ = true;
};

// Where the last `lines` lines of the file begin; `lines` then says how many more are wanted than it has. Blocks.
[[nodiscard]] Result<std::uint64_t> find_tail(int file, std::int64_t& lines);

}  // namespace skiff::nodeagent
