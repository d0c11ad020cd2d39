#pragma once

#include "api/base/result.h"

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

// Small file operations that the agent's parts share. All block; call them on a pool thread.
namespace skiff::nodeagent {

// The whole file. kNotFound when it is missing.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

// Replaces the file in one step: a reader (also after a crash of this process) sees the old content or the new, never a
// part. Not synced: after a power failure nothing of what these files describe lives any more.
[[nodiscard]] Result<void> write_file_atomically(const std::string& path, std::string_view content, mode_t mode = 0600);

// Writes into an existing file in one write(2), as /proc, /sys and cgroup files want it.
[[nodiscard]] Result<void> write_existing_file(const std::string& path, std::string_view content);

// mkdir -p.
[[nodiscard]] Result<void> make_directories(const std::string& path, mode_t mode = 0755);

// rm -rf that never crosses into another mount and never follows symbolic links. A missing path is success.
[[nodiscard]] Result<void> remove_tree(const std::string& path);

// The names in a directory, sorted, without "." and ".."; nothing when it does not exist.
[[nodiscard]] std::vector<std::string> list_directory(const std::string& path);

[[nodiscard]] bool path_exists(const std::string& path);

}  // namespace skiff::nodeagent
