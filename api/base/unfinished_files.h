#pragma once

#include <string>

namespace skiff {

// Removes what write_file_atomically() left in a directory when its process died over it: the new content under a name
// of its own. For directories in which nobody else writes meanwhile. Blocks; what cannot be removed stays.
void remove_unfinished_files(const std::string& directory);

}  // namespace skiff
