#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skiff::server {

// A request target taken apart and percent-decoded.
struct Target {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;  // in order
};

// Takes "/path?query", "http://host/path?query" and "*". Nothing when it is none of these, when an escape of the path
// is malformed or when the path holds a NUL. Pairs of the query that are malformed are left out, as Go's net/url does.
[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

// Text with its percent escapes replaced; nothing when one is malformed.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace skiff::server
