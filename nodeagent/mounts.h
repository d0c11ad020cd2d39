#pragma once

#include "api/base/result.h"

#include <sys/types.h>

#include <optional>
#include <string>

// Mounts below the agent's own directories, as plain functions. All block.
namespace skiff::nodeagent {

// True when something is mounted on the directory or file.
[[nodiscard]] bool is_mount_point(const std::string& path);

// A tmpfs on the directory, unless there is a mount already. `size_bytes` 0: the kernel's default; `group`: root's when
// there is none. kPermissionDenied without the right to mount.
[[nodiscard]] Result<void> mount_tmpfs(const std::string& directory, std::uint64_t size_bytes, mode_t mode,
                                       std::optional<gid_t> group = std::nullopt);

// Mounts what the open descriptor refers to on the file or directory `target`, replacing a mount that is there.
[[nodiscard]] Result<void> bind_descriptor(int descriptor, const std::string& target);

// Idempotent; what still uses the mount keeps it until it ends.
[[nodiscard]] Result<void> unmount(const std::string& target);

// Takes away all mounts on and below the directory, the innermost first.
[[nodiscard]] Result<void> unmount_below(const std::string& directory);

}  // namespace skiff::nodeagent
