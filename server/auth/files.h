#pragma once

#include "api/base/result.h"

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace skiff::server {

// The whole file. kNotFound when it does not exist; the message names it.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path);

// Replaces the file: a reader sees the old text or the new one, never a part, and the new one survives a crash.
[[nodiscard]] Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view text, mode_t mode);

}  // namespace skiff::server
