#pragma once

#include "nodeagent/pressure/eviction_signal.h"

#include <string>

namespace skiff::nodeagent {

// Measures everything that a node can run low on: memory as `kubectl top node` has it, the file systems that the two
// directories (absolute) lie on, and the processes that the kernel still lets be made. What cannot be read is missing.
// Costs some tens of microseconds. Blocks.
[[nodiscard]] NodeFigures read_node_figures(const std::string& pods_directory, const std::string& images_directory,
                                            const std::string& proc = "/proc");

}  // namespace skiff::nodeagent
