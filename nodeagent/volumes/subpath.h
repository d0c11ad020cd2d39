#pragma once

#include "api/base/result.h"

#include <string>

namespace skiff::nodeagent {

// Mounts volume/sub_path on `target` (made as a file or a directory, as fits), for a container to be given `target`. A
// missing sub_path is made as a directory. What is opened is what is mounted, and symbolic links inside the volume are
// never followed out of it, so that a container which shares the volume cannot reach the node's files by swapping
// links. Blocks.
[[nodiscard]] Result<void> mount_subpath(const std::string& volume, const std::string& sub_path,
                                         const std::string& target);

}  // namespace skiff::nodeagent
