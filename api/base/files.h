#pragma once

#include "api/base/fd.h"
#include "api/base/result.h"

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

// Small file operations that all parts share. All block: not for a thread that serves others meanwhile.
namespace skiff {

// More than any file that is read as a whole has to be.
inline constexpr std::size_t kMaxFileBytes = 64 << 20;

// The whole file. kNotFound when it is missing, kInvalid when it has more than kMaxFileBytes; the message names it. For
// our own files and the system's: follows links, and waits for a pipe's writer.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

// Writes all of `content` where the descriptor stands; errors name `path`.
[[nodiscard]] Result<void> write_all(int fd, std::string_view content, const std::string& path);

// What is on the disk, safe from a power failure, before the new content stands under its name.
enum class Sync {
  kNothing,     // for what describes things that a power failure ends as well
  kFile,        // the content
  kFileSystem,  // and all that was written to its file system before
};

// Replaces the file in one step: a reader (also after a crash of this process) sees the old content or the new, never a
// part.
[[nodiscard]] Result<void> write_file_atomically(const std::string& path, std::string_view content, mode_t mode = 0600,
                                                 Sync sync = Sync::kNothing);
// Removes what write_file_atomically() left in a directory when its process died over it: the new content under a name
// of its own. For directories in which nobody else writes meanwhile. What cannot be removed stays.
void remove_unfinished_files(const std::string& directory);

// Makes the file where it is missing and takes its exclusive flock(2), which holds between processes and between
// threads until the descriptor is closed. Without `wait`: none when somebody else has it.
[[nodiscard]] Result<UniqueFd> lock_file(const std::string& path, bool wait);

// Writes into an existing file in one write(2), as /proc, /sys and cgroup files want it.
[[nodiscard]] Result<void> write_existing_file(const std::string& path, std::string_view content);

// mkdir -p.
[[nodiscard]] Result<void> make_directories(const std::string& path, mode_t mode = 0755);

// rm -rf that never crosses into another mount and never follows symbolic links. A missing path is success.
[[nodiscard]] Result<void> remove_tree(const std::string& path);

// The names in a directory, sorted, without "." and ".."; nothing when it does not exist.
[[nodiscard]] std::vector<std::string> list_directory(const std::string& path);

[[nodiscard]] bool path_exists(const std::string& path);

}  // namespace skiff
