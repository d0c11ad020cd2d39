#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace skiff::api {

// Go's time.ParseDuration: "1h15m30.9s", "-5ms", "0". Nothing when the text is no duration, or one of more than 292
// years.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text);

}  // namespace skiff::api
