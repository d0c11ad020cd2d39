#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace skiff::nodeagent {

// The number that a file begins with, as those of /proc and of cgroups do; nothing when it cannot be read or begins
// with something else ("max"). Blocks.
[[nodiscard]] std::optional<std::int64_t> read_number_file(const std::string& path);

}  // namespace skiff::nodeagent
