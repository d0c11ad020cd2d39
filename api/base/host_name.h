#pragma once

#include <string>

namespace skiff {

// The name of this machine, as Kubernetes makes node names of it: in lower case.
[[nodiscard]] std::string host_name();

}  // namespace skiff
