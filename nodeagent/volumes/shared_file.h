#pragma once

#include "api/base/fd.h"
#include "api/base/result.h"

#include <sys/types.h>

#include <string>
#include <string_view>

// Files of the agent's that containers may write to as well. Whatever such a file has become (huge, a pipe, a link,
// leased), these functions neither wait for it nor follow it, and read no more of it than they were asked for. All
// block as far as the disk does.
namespace skiff::nodeagent {

// For reading. kInvalid when it is no regular file.
[[nodiscard]] Result<UniqueFd> open_shared_file(const std::string& path);

// The last `max_bytes` of the file, or all of a shorter one. kNotFound, kInvalid.
[[nodiscard]] Result<std::string> read_end_of_shared_file(const std::string& path, std::size_t max_bytes);

// True when the file holds exactly `text`.
[[nodiscard]] bool shared_file_holds(int file, std::string_view text);

// Makes the file hold `text`: in place where it exists already, so that those who have it mounted see the new text,
// too. `mode` is a new file's.
[[nodiscard]] Result<void> write_shared_file(const std::string& path, std::string_view text, mode_t mode);

}  // namespace skiff::nodeagent
