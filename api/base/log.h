#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

namespace skiff {

// Logs go to stderr through spdlog's default logger: spdlog::info("pod {}: {}", key, what).
// Levels: error = a user must act; warning = something was given up or retried; info = life cycle, a line per start,
// stop and adoption; debug = a line per write, sync and runtime call. Nothing is logged per read.
// Sets up the default logger; `level` as spdlog names them ("info"). False when the level is unknown.
[[nodiscard]] bool init_logging(std::string_view level);

}  // namespace skiff
