#pragma once

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skiff {

// Logs go to stderr through spdlog's default logger: spdlog::info("pod {}: {}", key, what).
// Levels: error = a user must act; warning = something was given up or retried; info = life cycle, a line per start,
// stop and adoption; debug = a line per write, sync and runtime call; trace = a line per read, too.

enum class LogFormat {
  kText,  // 2026-11-23T06:00:00.000Z info what happened
  kJson,  // {"ts":"2026-11-23T06:00:00.000Z","level":"info","msg":"what happened"}: an object per line
};

// Sets up the default logger; `level` as spdlog names them ("info"). False when the level is unknown.
[[nodiscard]] bool init_logging(std::string_view level, LogFormat format = LogFormat::kText);

// A line that machines read, too: as text `HTTP verb="GET" resp="200"`, as JSON {...,"msg":"HTTP","verb":"GET",...}.
// Names are ours, values may be anything.
using LogFields = std::vector<std::pair<std::string_view, std::string>>;
void log_fields(spdlog::level::level_enum level, std::string_view message, const LogFields& fields);

namespace internal {
// The logger that init_logging() installs, over another sink: for tests.
[[nodiscard]] std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink, spdlog::level::level_enum level,
                                                          LogFormat format);
}  // namespace internal

}  // namespace skiff
